import type { Digest } from '../base/index.ts';
import { artifactTypeOf, type Index, type Manifest, type Tag } from '../oci/index.ts';
import { listReferrers, tagAttached } from './attach.ts';
import { planOf } from './copy-plan.ts';
import { type GatherRequest, gather } from './gather.ts';
import type { BlobArrival, CopyDestination, CopyWatch } from './ports.ts';
import { sendBlobs } from './send-blobs.ts';

export interface CopyRequest extends GatherRequest {
  readonly destination: CopyDestination;
  /** What the image is called at the destination. */
  readonly tag: Tag;
  readonly watch: CopyWatch;
  /** Of several copies to one repository: what earlier ones brought there. It is added to. */
  readonly there?: Set<Digest>;
}

/** A manifest or index that is at the destination now. */
export interface CopiedManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly artifactType: string | undefined;
  /** What it is a referrer of. */
  readonly subject: Digest | undefined;
  readonly how: 'sent' | 'there';
}

export interface CopiedImage {
  /** What the tag leads to now. */
  readonly digest: Digest;
  /** Of that manifest or index. */
  readonly sizeBytes: number;
  /** All of them, each after what it names. */
  readonly manifests: readonly CopiedManifest[];
  /** Cosign's tags that are at the destination now. */
  readonly attached: readonly Tag[];
  /** How many blobs came how, and how many lie outside of registries. */
  readonly blobs: Readonly<Record<BlobArrival | 'foreign', number>>;
  /** That were sent. */
  readonly bytes: number;
}

/**
 * Copies what a reference leads to, byte for byte, under a tag. It may be run again after an
 * interruption: what is at the destination is not sent again.
 *
 * @throws StoreError what {@link gather}, planOf, {@link sendBlobs}, {@link tagAttached} and
 *         {@link listReferrers} throw. The tag is as it was then
 */
export async function copyImage(request: CopyRequest): Promise<CopiedImage> {
  const { destination, tag, there = new Set<Digest>() } = request;
  const plan = planOf(await gather(request));
  const watch = new Counting(request.watch);
  watch.planned({ blobs: plan.blobs.size, sizeBytes: sum(plan.blobs.values()) });
  await sendBlobs({ ...request, blobs: plan.blobs, there, watch });
  const manifests: CopiedManifest[] = [];
  for (const manifest of plan.manifests) {
    manifests.push(copied(manifest, await send(destination, manifest, there)));
  }
  await tagAttached(destination, plan);
  await listReferrers(destination, plan.manifests);
  const { root } = plan;
  if ((await destination.digestOf(tag)) !== root.digest) await destination.putManifest(tag, root);
  return {
    ...{ digest: root.digest, sizeBytes: root.bytes.length, manifests },
    attached: [...plan.tags.keys()],
    blobs: { ...watch.counts, foreign: plan.foreign.size },
    bytes: watch.bytes,
  };
}

async function send(
  destination: CopyDestination,
  manifest: Manifest | Index,
  there: Set<Digest>,
): Promise<'sent' | 'there'> {
  const { digest } = manifest;
  if (there.has(digest)) return 'there';
  const isThere = (await destination.digestOf(digest)) === digest;
  if (!isThere) await destination.putManifest(digest, manifest);
  there.add(digest);
  return isThere ? 'there' : 'sent';
}

function copied(manifest: Manifest | Index, how: 'sent' | 'there'): CopiedManifest {
  const { digest, mediaType, subject } = manifest;
  return {
    digest,
    mediaType,
    artifactType: artifactTypeOf(manifest),
    subject: subject?.digest,
    how,
  };
}

/** Counts what it tells another. */
class Counting implements CopyWatch {
  readonly counts: Record<BlobArrival, number> = { sent: 0, there: 0, mounted: 0 };
  bytes = 0;
  readonly #watch: CopyWatch;

  constructor(watch: CopyWatch) {
    this.#watch = watch;
  }

  planned(what: Parameters<CopyWatch['planned']>[0]): void {
    this.#watch.planned(what);
  }

  sent(sizeBytes: number): void {
    this.bytes += sizeBytes;
    this.#watch.sent(sizeBytes);
  }

  arrived(digest: Digest, sizeBytes: number, how: BlobArrival): void {
    this.counts[how] += 1;
    this.#watch.arrived(digest, sizeBytes, how);
  }
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, each) => total + each, 0);
}
