import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { algorithmOf, type Digest, digestAlgorithms, hexOf, isDigest } from '../../base/index.ts';
import type { UploadId } from '../../registry/index.ts';
import { isMissing } from './faults.ts';

// <data>/
//   blobs/
//     sha256/, sha512/
//       00/ ... ff/      each made when its first blob comes
//         <hex>        one blob, named by its hash: whole and durable as soon as it has this name
//   uploads/
//     <64 hex>         bytes on their way in, named by the upload's id; may be torn after a crash
//   quarantine/
//     <algorithm>-<hex>.<random>   a blob whose bytes were found to be others; nobody is served it
//   removed/
//     <algorithm>-<hex>.<random>   a blob that nobody needs, for the instant of its removal
//   locks/
//     <algorithm>-<hex>            where blobs lie in a bucket (s3/): held for a request or two
//
// All lie on one filesystem, so that a rename moves a file from one to another. Every path is made
// here, of a parsed digest or id: no text that a client sent becomes part of a path.

export interface Paths {
  readonly data: string;
  readonly blobs: string;
  readonly uploads: string;
  readonly removed: string;
  readonly quarantine: string;
  readonly locks: string;
  readonly algorithms: readonly string[];
  /** The folders that hold the blobs, 256 for each algorithm: those that are there, and those that may come. */
  readonly shards: readonly string[];
  shard(digest: Digest): string;
  blob(digest: Digest): string;
  upload(id: UploadId): string;
}

export function pathsIn(data: string): Paths {
  const blobs = join(data, 'blobs');
  const uploads = join(data, 'uploads');
  const removed = join(data, 'removed');
  const quarantine = join(data, 'quarantine');
  const shard = (digest: Digest) => join(blobs, algorithmOf(digest), hexOf(digest).slice(0, 2));
  const bytes = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));
  return {
    data,
    blobs,
    uploads,
    removed,
    quarantine,
    locks: join(data, 'locks'),
    algorithms: digestAlgorithms.map((algorithm) => join(blobs, algorithm)),
    shards: digestAlgorithms.flatMap((algorithm) =>
      bytes.map((byte) => join(blobs, algorithm, byte)),
    ),
    shard,
    blob: (digest) => join(shard(digest), hexOf(digest)),
    upload: (id) => join(uploads, id),
  };
}

/** The blobs in one of the folders that may hold some; none where it is not there. */
export async function digestsIn(shard: string): Promise<Digest[]> {
  const algorithm = basename(dirname(shard));
  const names = await readdir(shard).catch(noneIfMissing);
  return names.map((hex) => `${algorithm}:${hex}`).filter(isDigest);
}

function noneIfMissing(error: unknown): string[] {
  if (isMissing(error)) return [];
  throw error;
}
