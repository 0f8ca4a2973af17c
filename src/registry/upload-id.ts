import { digestOf, hexOf, type Random, toHex, utf8 } from '../base/index.ts';
import type { RepositoryName } from '../oci/index.ts';
import { registryError } from './errors.ts';

const randomBytes = 16;
const halfLength = 2 * randomBytes;

/** Names one upload: 64 hex digits, so it is also safe as a file name. */
export type UploadId = string & { readonly __brand: 'UploadId' };

/** To whom an upload belongs: nobody else may write to it, whatever else they may push. */
export interface UploadOwner {
  readonly repository: RepositoryName;
  /** Undefined where anonymous pushing is allowed. */
  readonly user: string | undefined;
}

/**
 * Makes an id that holds what it is bound to: 16 random bytes, then 16 bytes of a hash over them and
 * the owner. So the binding needs no table and survives a restart. It needs no key either: who
 * presents an id made up for another owner names an upload that does not exist.
 */
export function newUploadId(owner: UploadOwner, random: Random): UploadId {
  const nonce = toHex(random(randomBytes));
  return `${nonce}${bindingOf(nonce, owner)}` as UploadId;
}

/** @throws StoreError REGISTRY_UPLOAD_UNKNOWN when it is not an id, or is that of another owner */
export function parseUploadId(text: string, owner: UploadOwner): UploadId {
  const nonce = text.slice(0, halfLength);
  if (!isUploadId(text) || text.slice(halfLength) !== bindingOf(nonce, owner)) {
    throw registryError('REGISTRY_UPLOAD_UNKNOWN');
  }
  return text;
}

/** True for a text of the right form; whose it is stays open. */
export function isUploadId(text: string): text is UploadId {
  return /^[0-9a-f]{64}$/.test(text);
}

function bindingOf(nonce: string, owner: UploadOwner): string {
  const bound = JSON.stringify([nonce, owner.repository, owner.user ?? null]);
  return hexOf(digestOf(utf8(bound))).slice(0, halfLength);
}
