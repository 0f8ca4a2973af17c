import { type Clock, type Digest, isDigest, isStoreError } from '../../base/index.ts';
import { isRepositoryName, type RepositoryName } from '../../oci/index.ts';
import type { ReaderViews, UploadOwner, Uploads } from '../../registry/index.ts';
import type { RegistryGate } from '../auth/index.ts';
import { contentLength, fleetingBodyOf } from './body.ts';
import { algorithmParameter, type Call, digestParameter, type Endpoint, queryOf } from './call.ts';
import { nameNewBlob, nameUpload, ownerOf } from './upload-reply.ts';

/**
 * `POST /v2/<name>/blobs/uploads/`: with `mount` a blob of another repository, be it named by `from`
 * or not, with `digest` the whole blob at once, else the start of an upload.
 */
export function beginUpload(
  gate: RegistryGate,
  uploads: Uploads,
  views: ReaderViews,
  clock: Clock,
): Endpoint {
  return async (call) => {
    const { request, reply, repository } = call;
    const query = queryOf(request);
    const from = query.has('mount') ? (query.get('from') ?? undefined) : undefined;
    const owner = await ownerOf(gate, request, repository, from);
    if (query.has('mount') && (await mount(call, gate, uploads, views, clock())))
      return reply.send();
    if (query.has('digest')) return pushWhole(call, owner, uploads, clock);
    const begun = await uploads.begin(owner, algorithmParameter(request));
    return nameUpload(reply.code(202), repository, begun).send();
  };
}

/**
 * A mount that cannot be done, for whatever reason, becomes an ordinary upload: that is what the
 * specification asks for, and it tells nobody which repositories exist.
 */
async function mount(
  call: Call,
  gate: RegistryGate,
  uploads: Uploads,
  views: ReaderViews,
  now: Date,
): Promise<boolean> {
  const { request, reply, repository } = call;
  const query = queryOf(request);
  const digest = query.get('mount') ?? '';
  if (!isDigest(digest)) return false;
  const mayPull = await gate.requireReader(request);
  // What is in the repository already needs no other to take it from.
  // Where readers see only what is signed, they would mount what is not.
  const isSource = (name: RepositoryName) =>
    name === repository || (mayPull(name) && !views.narrows(name));
  for await (const from of sources(uploads, query.get('from'), repository, digest)) {
    if (!isSource(from)) continue;
    try {
      await uploads.mount(from, repository, digest, now);
      nameNewBlob(reply, repository, digest);
      return true;
    } catch (error) {
      if (!isStoreError(error)) throw error;
    }
  }
  return false;
}

/** Where the blob may be taken from: the repository that is named, or else any that has it. */
async function* sources(
  uploads: Uploads,
  named: string | null,
  target: RepositoryName,
  digest: Digest,
): AsyncGenerator<RepositoryName> {
  if (named !== null) {
    if (isRepositoryName(named)) yield named;
    return;
  }
  yield target;
  yield* await uploads.holders(digest);
}

async function pushWhole(call: Call, owner: UploadOwner, uploads: Uploads, clock: Clock) {
  const { request, reply, repository } = call;
  const digest = digestParameter(request);
  const part = { bytes: fleetingBodyOf(request), sizeBytes: contentLength(request) };
  await uploads.takeWhole(owner, digest, part, clock);
  return nameNewBlob(reply, repository, digest).send();
}
