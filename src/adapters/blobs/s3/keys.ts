import { algorithmOf, type Digest, hexOf, isDigest } from '../../../base/index.ts';

// s3://<bucket>/<prefix>
//   blobs/
//     sha256/, sha512/
//       ab/<hex>        one blob, named by its hash: whole as soon as it has this name
//   quarantine/
//     <algorithm>-<hex>.<random>   a blob whose bytes were found to be others; nobody is served it
//
// As in a data folder, so that its blobs/ can be copied here as they are. What is on its way in lies
// in the data folder (ADR 10). Every key is made here, of a parsed digest.

export interface Keys {
  readonly blobs: string;
  readonly quarantine: string;
  blob(digest: Digest): string;
}

/** @param prefix  empty, or ends with a slash */
export function keysBelow(prefix: string): Keys {
  const blobs = `${prefix}blobs/`;
  return {
    blobs,
    quarantine: `${prefix}quarantine/`,
    blob: (digest) =>
      `${blobs}${algorithmOf(digest)}/${hexOf(digest).slice(0, 2)}/${hexOf(digest)}`,
  };
}

/** The blob that has this key; undefined for a key of something else. */
export function digestOfKey(key: string): Digest | undefined {
  const [hex = '', , algorithm = ''] = key.split('/').reverse();
  const name = `${algorithm}:${hex}`;
  return isDigest(name) ? name : undefined;
}
