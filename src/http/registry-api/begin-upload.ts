import { type Clock, isDigest, isStoreError } from '../../base/index.ts';
import { isRepositoryName } from '../../oci/index.ts';
import type { UploadOwner, Uploads } from '../../registry/index.ts';
import type { Gate } from '../auth/index.ts';
import { contentLength, fleetingBodyOf } from './body.ts';
import { type Call, digestParameter, type Endpoint, queryOf } from './call.ts';
import { nameNewBlob, nameUpload, ownerOf } from './upload-reply.ts';

/**
 * `POST /v2/<name>/blobs/uploads/`: with `mount` and `from` a blob of another repository, with
 * `digest` the whole blob at once, else the start of an upload.
 */
export function beginUpload(gate: Gate, uploads: Uploads, clock: Clock): Endpoint {
  return async (call) => {
    const { request, reply, repository } = call;
    const owner = await ownerOf(gate, request, repository);
    const query = queryOf(request);
    if (query.has('mount') && (await mount(call, gate, uploads, clock()))) return reply.send();
    if (query.has('digest')) return pushWhole(call, owner, uploads, clock());
    return nameUpload(reply.code(202), repository, await uploads.begin(owner)).send();
  };
}

/**
 * A mount that cannot be done, for whatever reason, becomes an ordinary upload: that is what the
 * specification asks for, and it tells nobody which repositories exist.
 */
async function mount(call: Call, gate: Gate, uploads: Uploads, now: Date): Promise<boolean> {
  const { request, reply, repository } = call;
  const query = queryOf(request);
  const digest = query.get('mount') ?? '';
  const from = query.get('from') ?? '';
  if (!isDigest(digest) || !isRepositoryName(from)) return false;
  try {
    await gate.require(request, from, ['pull']);
    await uploads.mount(from, repository, digest, now);
  } catch (error) {
    if (isStoreError(error)) return false;
    throw error;
  }
  nameNewBlob(reply, repository, digest);
  return true;
}

async function pushWhole(call: Call, owner: UploadOwner, uploads: Uploads, now: Date) {
  const { request, reply, repository } = call;
  const digest = digestParameter(request);
  const { id } = await uploads.begin(owner);
  try {
    await uploads.append(owner, id, {
      bytes: fleetingBodyOf(request),
      sizeBytes: contentLength(request),
    });
    await uploads.finish(owner, id, digest, now);
  } catch (error) {
    // Nobody was told the id, so nobody could go on. A failed finish has removed it already.
    await uploads.cancel(owner, id).catch(() => undefined);
    throw error;
  }
  return nameNewBlob(reply, repository, digest).send();
}
