import { type ErrorSpec, errorFactory } from '../base/index.ts';

/** Codes of the OCI formats. */
export const ociErrors = {
  OCI_REPOSITORY_INVALID: {
    message:
      '"{text}" is not a repository name; use lowercase letters, digits, single separators (. _ __ -) and slashes, at most 255 characters',
  },
  OCI_TAG_INVALID: {
    message:
      '"{text}" is not a tag; use at most 128 letters, digits, dots, dashes and underscores, not starting with a dot or a dash',
  },
  OCI_IMAGE_REFERENCE_INVALID: {
    message: '"{text}" is not an image reference: {reason}; write HOST[:PORT]/REPOSITORY[:TAG]',
  },
  OCI_MANIFEST_TOO_LARGE: {
    message: 'the manifest is larger than {limitBytes} bytes; split the image or drop annotations',
  },
  OCI_MANIFEST_INVALID: { message: 'the manifest is not valid: {reason}' },
  OCI_MANIFEST_AMBIGUOUS: {
    message:
      'the manifest can be read in two ways: {reason}; other software might run what was not checked, so build it again with a current tool',
  },
  OCI_MANIFEST_SCHEMA1: {
    message:
      'this is a Docker schema 1 manifest, which nobody can verify; push with docker 1.10 or later',
  },
  OCI_MANIFEST_TOO_MANY_DESCRIPTORS: {
    message: '{path} has {found} entries; at most {limit} are accepted',
  },
  OCI_MEDIA_TYPE_UNSUPPORTED: {
    message:
      '"{mediaType}" is not a manifest that this registry takes; use Docker schema 2 or OCI, manifest or index',
  },
  OCI_MEDIA_TYPE_MISMATCH: {
    message:
      'the request calls the manifest {declared}, the manifest calls itself {found}; make them agree',
  },
  OCI_CONFIG_TOO_LARGE: {
    message: 'the image configuration is larger than {limitBytes} bytes; drop labels or history',
  },
  OCI_CONFIG_INVALID: { message: 'the image configuration is not valid: {reason}' },
  OCI_TAR_TRUNCATED: { message: 'the layer ends in the middle of {what}; build it again' },
  OCI_TAR_CHECKSUM: {
    message: 'the tar header at byte {offset} has a wrong checksum, so this is not a tar archive',
  },
  OCI_TAR_HEADER: { message: 'the tar header at byte {offset} cannot be read: {reason}' },
  OCI_TAR_SIZE: { message: 'the tar header at byte {offset} gives an impossible size: {reason}' },
  OCI_TAR_PATH_TRAVERSAL: {
    message: 'the tar entry "{path}" leads out of the image; name entries relative to its root',
  },
  OCI_TAR_UNSUPPORTED: {
    message: 'the tar entry at byte {offset} is {what}, which layers must not hold',
  },
  OCI_WHITEOUT_INVALID: { message: 'the whiteout "{path}" names nothing that a layer can hide' },
} satisfies Record<string, ErrorSpec>;

export const ociError = errorFactory(ociErrors);
