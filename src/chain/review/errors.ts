import { type ErrorSpec, errorFactory } from '../../base/index.ts';

/** Why a review refuses an image, and why a layer cannot be looked into. */
export const reviewErrors = {
  REVIEW_VULNERABLE: {
    message: 'the policy refuses the vulnerabilities of this image: {titles}; see its findings',
  },
  REVIEW_SECRET: {
    message:
      'there are secrets in this image: {titles}; replace them where they are used, then build without them',
  },
  REVIEW_HYGIENE: { message: 'the policy refuses how this image is built: {titles}' },
  REVIEW_LAYER_UNREADABLE: {
    message: 'not all of this image could be looked into: {titles}; build and push it again',
  },
  REVIEW_LAYER_BOMB: {
    message: 'the layer unpacks to more than {limit}; nobody should unpack it',
  },
  REVIEW_NOTHING_LEFT: {
    message: 'the image unpacks to more than {limit} in all; this layer was not looked into',
  },
  REVIEW_LAYER_CORRUPT: { message: 'the layer cannot be decompressed: {reason}' },
  REVIEW_LAYER_ENCODING: {
    message: 'the layer is compressed with {found}; only gzip and zstd are looked into',
  },
  REVIEW_TOO_MANY_ENTRIES: { message: 'the image has more than {limit} files and folders' },
  REVIEW_IMAGE_GONE: {
    message: '{repository} no longer holds {digest} as it was checked; push the image again',
  },
} satisfies Record<string, ErrorSpec>;

export type ReviewCode = keyof typeof reviewErrors;

export const reviewError = errorFactory(reviewErrors);
