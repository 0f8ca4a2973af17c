import { join } from 'node:path';
import { type Digest, hexOf } from '../../base/index.ts';
import type { UploadId } from '../../registry/index.ts';

// <data>/
//   blobs/
//     sha256/
//       00/ ... ff/
//         <64 hex>     one blob, named by its hash: whole and durable as soon as it has this name
//   uploads/
//     <64 hex>         bytes on their way in, named by the upload's id; may be torn after a crash
//
// Both lie on one filesystem, so that a rename moves the one into the other. Every path is made
// here, of a parsed digest or id: no text that a client sent becomes part of a path.

export interface Paths {
  readonly data: string;
  readonly blobs: string;
  readonly sha256: string;
  readonly uploads: string;
  /** The 256 folders that hold the blobs. */
  readonly shards: readonly string[];
  shard(digest: Digest): string;
  blob(digest: Digest): string;
  upload(id: UploadId): string;
}

export function pathsIn(data: string): Paths {
  const blobs = join(data, 'blobs');
  const sha256 = join(blobs, 'sha256');
  const uploads = join(data, 'uploads');
  const shard = (digest: Digest) => join(sha256, hexOf(digest).slice(0, 2));
  return {
    data,
    blobs,
    sha256,
    uploads,
    shards: Array.from({ length: 256 }, (_, i) => join(sha256, i.toString(16).padStart(2, '0'))),
    shard,
    blob: (digest) => join(shard(digest), hexOf(digest)),
    upload: (id) => join(uploads, id),
  };
}
