import { type ErrorSpec, errorFactory } from '../../base/index.ts';

/**
 * Why an image does not pass the check, in words for its producer. Nothing was copied, and nothing
 * is: a refused candidate is final, so each sentence ends with what a new attempt needs.
 */
export const checkErrors = {
  // Authenticity
  CHECK_METADATA_MISSING: {
    message: 'the trust metadata of {gun} is not whole: {reason}; sign the tag again',
  },
  CHECK_METADATA_MALFORMED: {
    message: 'the trust metadata of {gun} cannot be read: {reason}; sign the tag again',
  },
  CHECK_METADATA_MISMATCH: {
    message:
      'a file of the trust metadata of {gun} is not the one its parent names: {reason}; sign the tag again',
  },
  CHECK_ROOT_UNTRUSTED: {
    message:
      'the root of {gun} does not follow from the root first seen for it ({reason}); rotate keys with "notary key rotate" instead of starting anew, or ask the operator',
  },
  CHECK_SIGNATURE_THRESHOLD: {
    message: 'not enough valid signatures: {reason}; sign with the keys the repository names',
  },
  CHECK_TARGET_WITHDRAWN: {
    message: 'the tag {tag} is no longer signed in {gun}; sign it again if it was meant',
  },
  CHECK_TARGET_MOVED: {
    message:
      'the tag {tag} of {gun} is bound to {found} by now, not to {digest}; that one is a candidate of its own',
  },
  CHECK_TARGET_INVALID: {
    message: 'the signed entry for {tag} has no sha256 of a manifest; sign it with docker',
  },

  // Freshness
  CHECK_ROLLBACK: {
    message:
      'older trust metadata than was seen before: {reason}; publish a newer version, or ask the operator if the repository was restored from a backup',
  },
  CHECK_TIMESTAMP_EXPIRED: {
    message: 'the timestamp of {gun} expired: {reason}; publish again',
  },
  CHECK_SNAPSHOT_EXPIRED: { message: 'the snapshot of {gun} expired: {reason}; publish again' },
  CHECK_TARGETS_EXPIRED: {
    message: 'the targets of {gun} expired: {reason}; sign and publish again',
  },
  CHECK_DELEGATION_EXPIRED: {
    message: 'a delegation of {gun} expired: {reason}; sign and publish again',
  },
  CHECK_ROOT_EXPIRED: {
    message: 'the root of {gun} expired: {reason}; sign a new one ("notary key rotate GUN root")',
  },
  CHECK_ROOT_CERTIFICATE_EXPIRED: {
    message:
      'the certificate of the root key of {gun} is not valid now: {reason}; rotate the root key ("notary key rotate GUN root") while an earlier one still is',
  },
  CHECK_ROOT_CERTIFICATE: {
    message:
      'no certificate of the root of {gun} is valid for it: {reason}; rotate the root key ("notary key rotate GUN root")',
  },

  // Integrity
  CHECK_MANIFEST_MISSING: {
    message:
      '{repository} does not hold the signed manifest {digest}; push the image, then sign it',
  },
  CHECK_MANIFEST_CORRUPT: {
    message: 'the bytes of manifest {digest} have the digest {found}; push the image again',
  },
  CHECK_MANIFEST_MALFORMED: {
    message: 'manifest {digest} cannot be taken: {reason}',
  },
  CHECK_LENGTH_MISMATCH: {
    message:
      'the signed length of {digest} is {signedBytes} bytes, the manifest has {foundBytes}; sign the length of the manifest, as docker does',
  },
  CHECK_PLATFORM_MISSING: {
    message: 'the index names {digest}, which {repository} does not hold; push every platform',
  },
  CHECK_PLATFORM_LENGTH: {
    message:
      'the index gives {digest} {expectedBytes} bytes, the manifest has {foundBytes}; build the index again',
  },
  CHECK_PLATFORM_KIND: {
    message:
      'the index names {digest} of the type "{found}", which is no manifest; build the index again',
  },
  CHECK_CONFIG_MISSING: {
    message: 'the config {digest} is not in the store; push the image again',
  },
  CHECK_CONFIG_CORRUPT: {
    message: 'the bytes of config {digest} have the digest {found}; push the image again',
  },
  CHECK_CONFIG_LENGTH: {
    message:
      'the manifest gives config {digest} {expectedBytes} bytes, it has {foundBytes}; build the image again',
  },
  CHECK_LAYER_MISSING: { message: 'the layer {digest} is not in the store; push the image again' },
  CHECK_LAYER_FOREIGN: {
    message:
      'the layer {digest} lies outside the store, so it cannot be checked; push it with the image (docker daemon: allow-nondistributable-artifacts)',
  },
  CHECK_LAYER_CORRUPT: {
    message: 'the bytes of layer {digest} have the digest {found}; push the image again',
  },
  CHECK_LAYER_LENGTH: {
    message:
      'the manifest gives layer {digest} {expectedBytes} bytes, it has {foundBytes}; build the image again',
  },
  CHECK_TOO_MANY_PARTS: {
    message: 'the image has more than {limit} manifests and blobs; publish it in smaller pieces',
  },
  CHECK_NESTED_INDEX: {
    message: 'the index {digest} lies deeper than {limit} indexes; build a flat one',
  },
  CHECK_IMAGE_GONE: {
    message:
      '{repository} held {digest} when it was checked and does not any more; push the image again and sign it',
  },
} satisfies Record<string, ErrorSpec>;

export type CheckCode = keyof typeof checkErrors;

export const checkError = errorFactory(checkErrors);
