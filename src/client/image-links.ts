import {
  algorithmOf,
  type Digest,
  digestOf,
  isStoreError,
  type StoreError,
} from '../base/index.ts';
import {
  type ImageReference,
  type Index,
  type Manifest,
  parseManifest,
  platformOf,
} from '../oci/index.ts';
import { clientError } from './errors.ts';
import type { Link, LinkName, VerificationFailure } from './link.ts';
import type { RegistrySource } from './ports.ts';

/** How many manifests and blobs an image may have. */
const partLimit = 2000;

/** Ends a verification: the link that does not hold, and why. */
export class LinkFailure extends Error {
  readonly link: Link;
  readonly reason: VerificationFailure;

  constructor(link: LinkName, subject: string, cause: StoreError) {
    super(cause.message, { cause });
    this.reason = { code: cause.code, message: cause.message };
    this.link = { link, subject, ok: false, by: [], against: '', reason: this.reason };
  }
}

interface ImageRequest {
  readonly image: ImageReference;
  readonly registry: RegistrySource;
  readonly deep?: boolean | undefined;
}

/** What is promised about some bytes, by a signature or by a manifest that holds. */
interface Promised {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/**
 * Verifies that the registry has what was signed: the manifest by its bytes; below it every
 * manifest by its bytes, every config and layer by its size, or by its bytes too when `deep`.
 * What is verified is added to `links`.
 *
 * @throws LinkFailure at the first thing that is missing or different
 */
export async function imageLinks(
  request: ImageRequest,
  signed: Promised,
  links: Link[],
): Promise<void> {
  const top = await manifestLink(request, signed, links, {
    link: 'manifest',
    subject: signed.digest,
    against: 'the signed target',
  });
  await partLinks(request, top, links, new Set([signed.digest]));
}

/** Everything below a manifest or an index, an index within an index included. */
async function partLinks(
  request: ImageRequest,
  top: Manifest | Index,
  links: Link[],
  seen: Set<Digest>,
): Promise<void> {
  if (top.kind === 'manifest') return blobLinks(request, top, links, seen);
  for (const child of top.manifests) {
    if (seen.has(child.digest)) continue;
    seen.add(child.digest);
    requireFew(seen, top.digest);
    const about = { link: 'platform', subject: platformOf(child), against: 'the index' } as const;
    const below = await manifestLink(request, child, links, about, child.mediaType);
    await partLinks(request, below, links, seen);
  }
}

async function manifestLink(
  { image, registry }: ImageRequest,
  { digest, sizeBytes }: Promised,
  links: Link[],
  about: { readonly link: LinkName; readonly subject: string; readonly against: string },
  mediaType?: string,
): Promise<Manifest | Index> {
  const { repository } = image;
  try {
    const received = await registry.manifest(repository, digest);
    if (!received) throw clientError('CLIENT_MANIFEST_MISSING', { repository, digest });
    const { bytes } = received;
    requireSame(
      'manifest',
      { digest, sizeBytes },
      { digest: digestOf(bytes, algorithmOf(digest)), sizeBytes: bytes.length },
    );
    const manifest = parseManifest(
      bytes,
      mediaType ?? (received.mediaType || undefined),
      algorithmOf(digest),
    );
    links.push({ ...about, ok: true, by: [], digest, sizeBytes });
    return manifest;
  } catch (error) {
    throw isStoreError(error) ? new LinkFailure(about.link, about.subject, error) : error;
  }
}

async function blobLinks(
  request: ImageRequest,
  manifest: Manifest,
  links: Link[],
  seen: Set<Digest>,
): Promise<void> {
  const parts = [
    { link: 'config', part: manifest.config } as const,
    ...manifest.layers.map((part) => ({ link: 'layer', part }) as const),
  ];
  for (const { link, part } of parts) {
    if (seen.has(part.digest)) continue;
    seen.add(part.digest);
    requireFew(seen, manifest.digest);
    try {
      await requireBlob(request, link, part);
    } catch (error) {
      throw isStoreError(error) ? new LinkFailure(link, part.digest, error) : error;
    }
    const against = request.deep ? 'its bytes, read and hashed' : 'its size in the registry';
    const { digest, sizeBytes } = part;
    links.push({ link, subject: digest, ok: true, by: [], against, digest, sizeBytes });
  }
}

async function requireBlob(
  { image, registry, deep }: ImageRequest,
  what: LinkName,
  { digest, sizeBytes }: Promised,
): Promise<void> {
  const { repository } = image;
  const missing = () => clientError('CLIENT_BLOB_MISSING', { what, digest, repository });
  if (deep) {
    const found = await registry.measureBlob(repository, digest, sizeBytes);
    if (!found) throw missing();
    return requireSame(what, { digest, sizeBytes }, found);
  }
  const found = await registry.blobSize(repository, digest);
  if (found === undefined) throw missing();
  requireSame(what, { digest, sizeBytes }, { digest, sizeBytes: found });
}

function requireSame(what: string, promised: Promised, found: Promised): void {
  const { digest } = promised;
  if (found.sizeBytes !== promised.sizeBytes) {
    const sizes = { expected: promised.sizeBytes, found: found.sizeBytes };
    throw clientError('CLIENT_SIZE_MISMATCH', { what, digest, ...sizes });
  }
  if (found.digest !== digest) {
    const digests = { expected: digest, found: found.digest };
    throw clientError('CLIENT_DIGEST_MISMATCH', { what, ...digests });
  }
}

function requireFew(seen: ReadonlySet<Digest>, digest: Digest): void {
  if (seen.size <= partLimit) return;
  const error = clientError('CLIENT_TOO_MANY_PARTS', { digest, limit: partLimit });
  throw new LinkFailure('manifest', digest, error);
}
