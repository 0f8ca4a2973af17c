import { type ErrorSpec, errorFactory } from '../base/index.ts';

/** Codes of the registry. */
export const registryErrors = {
  REGISTRY_BLOB_UNKNOWN: { message: 'there is no blob {digest} here; push it first' },
  REGISTRY_BLOB_DAMAGED: {
    message:
      'the blob {digest} has {found} bytes on disk where {expected} belong; push the layer again, it replaces the damaged one',
  },
  REGISTRY_BLOB_TOO_LARGE: { message: 'a blob may have at most {limitBytes} bytes' },
  REGISTRY_MANIFEST_UNKNOWN: { message: '{repository} has no manifest {reference}' },
  REGISTRY_MANIFEST_INCOMPLETE: {
    message: '{repository} lacks {digests}, which the manifest needs; push those first',
  },
  REGISTRY_SIZE_MISMATCH: {
    message:
      'the manifest says that {digest} has {declared} bytes, it has {found}; build the manifest again',
  },
  REGISTRY_DIGEST_MISMATCH: {
    message: 'the bytes have the digest {found}, not {expected}; nothing was kept, send them again',
  },
  REGISTRY_IN_USE: {
    message: '{digest} is needed by {digests} in {repository}; delete that first',
  },
  REGISTRY_PRECONDITION: {
    message:
      '{reference} leads to {found} now, which is not what the request names; look at it, then decide again',
  },
  REGISTRY_SIGNED: {
    message:
      '{reference} of {repository} is signed, and only who signed it can take that back: revoke it first (docker trust revoke HOST/{repository}:TAG), then delete it',
  },
  REGISTRY_RECALL_NEEDED: {
    message:
      '{repository} is changed by the store alone, which keeps what it published whole; take an image out of it with "countermark candidate recall ID"',
  },
  REGISTRY_TAG_IMMUTABLE: {
    message:
      '{repository}:{tag} leads to {digest} for ever, and is not deleted; push under another tag',
  },
  REGISTRY_QUOTA: {
    message:
      '{namespace} holds {heldBytes} of the {limitBytes} bytes it may, and {sizeBytes} more do not fit; delete images there, or ask for more room',
  },
  REGISTRY_UPSTREAM: {
    message:
      '{upstream}, which is mirrored here, failed ({reason}); try again later, or ask the operator of this store',
  },
  REGISTRY_UPSTREAM_LIMIT: {
    message:
      '{upstream}, which is mirrored here, wants no more requests from this store for now; try again in {retryAfterSeconds} s',
  },
  REGISTRY_UPSTREAM_REFUSES: {
    message:
      '{upstream}, which is mirrored here, does not show this to this store; see that the name is right, then ask the operator of this store',
  },
  REGISTRY_MIRROR_BUSY: {
    message: '{limit} blobs are being fetched from {upstream} or wait for it; try again later',
  },
  REGISTRY_MIRROR_SLOW: {
    message: 'the blob did not come within {limitMinutes} minutes, or the store was stopped',
  },
  REGISTRY_MIRRORED: {
    message: '{repository} shows what {upstream} has; push there, or under another name',
  },
  REGISTRY_IMPORT_TAG_TAKEN: {
    message:
      '{repository}:{tag} is here already and leads to {current}; delete it here if it shall lead to {digest}',
  },
  REGISTRY_TOO_DEEP: {
    message:
      'the index {digest} nests deeper than {limit} levels or has more than {limitManifests} manifests',
  },
  REGISTRY_REPOSITORY_UNKNOWN: { message: 'there is no repository {repository}' },
  REGISTRY_UPLOAD_UNKNOWN: {
    message: 'there is no such upload in this repository, or it was given up; start again',
  },
  REGISTRY_UPLOAD_BUSY: {
    message: 'another request is writing to this upload; ask for its status, then go on',
  },
  REGISTRY_UPLOAD_OFFSET: {
    message: 'the chunk starts at {found}, the upload holds {expected} bytes; go on from there',
  },
  REGISTRY_UPLOAD_LENGTH: {
    message: 'the chunk has {found} bytes where {expected} were announced; it was not kept',
  },
  REGISTRY_UPLOAD_INTERRUPTED: {
    message: 'the connection ended early; {keptBytes} bytes are kept, go on from there',
  },
  REGISTRY_TOO_MANY_UPLOADS: {
    message: '{limit} uploads are open, the most that is allowed; finish or cancel some, or wait',
  },
  REGISTRY_STORAGE_FULL: {
    message: 'the disk of the store has no room for this; free space there, then push again',
  },
} satisfies Record<string, ErrorSpec>;

export const registryError = errorFactory(registryErrors);
