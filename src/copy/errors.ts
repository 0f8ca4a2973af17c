import { type ErrorSpec, errorFactory } from '../base/index.ts';

/** Codes of copying images between registries. After each of them the destination's tag is as it was. */
export const copyErrors = {
  COPY_NOT_FOUND: {
    message: 'the source has nothing under {reference}; check the name, and that you may read it',
  },
  COPY_NO_TAGS: {
    message:
      'the source repository {repository} has no tags; check its name, and that you may read it',
  },
  COPY_PLATFORM: {
    message: 'the source has no single image for {platform}, but {found}; name one of these',
  },
  COPY_MANIFEST_MISSING: {
    message:
      'the source lacks the manifest {digest}, which {parent} names; have the image pushed there again',
  },
  COPY_BLOB_MISSING: {
    message: 'the source lacks the blob {digest}; have the image pushed there again',
  },
  COPY_DIGEST_MISMATCH: {
    message:
      'the source sent bytes with the digest {found} in place of {expected}; nothing names them at the destination. Ask its operator',
  },
  COPY_SIZE_MISMATCH: {
    message:
      '{digest} has {found} bytes where a manifest promises {expected}; nothing names it at the destination. Have the image built again',
  },
  COPY_TOO_MUCH: {
    message:
      'the image and what is attached to it have more than {limit} {what}; copy it with --only-image, or its parts one by one',
  },
  COPY_ATTACHED_DIFFERS: {
    message:
      'the destination has another {tag}, and each of the two holds what the other lacks; delete one of them, or copy with --only-image',
  },
  COPY_REFERRERS_FULL: {
    message:
      'the list of referrers {tag} of the destination is full; delete some of them there, or copy with --only-image',
  },
} satisfies Record<string, ErrorSpec>;

export const copyError = errorFactory(copyErrors);
