import { type Json, toBase64 } from '../base/index.ts';
import { payloadOf, serializeEnvelope } from './envelope.ts';
import { publicKeyJson } from './key.ts';
import { requireSize } from './limits.ts';
import type {
  Authority,
  DelegationRole,
  FileMeta,
  MetadataFile,
  Role,
  Root,
  Signed,
  SignedOf,
  Targets,
} from './metadata.ts';
import { fileOf } from './parse-metadata.ts';
import type { RoleName } from './role-name.ts';
import { type Signature, type Signer, verifySignature, whyUnfit } from './signature.ts';
import { formatTime } from './time.ts';

/** Signatures that a file bears already, and the keys that may still sign it. */
export interface Kept {
  readonly signatures: readonly Signature[];
  readonly authority: Authority;
}

/**
 * Signs a content as it stands (raise its version first, see `nextVersion`) and gives the file to
 * store and upload. Its bytes are in the form a Go server would write again.
 *
 * @param signers  who signs, in this order; each signature is verified before it is used, here or
 *                 by the signer itself
 * @param kept     earlier signatures to keep after the new ones: those that are valid for exactly
 *                 this content, by a key of the authority that does not sign now
 * @throws StoreError TUF_SIGNATURE_INVALID for a signer that answers with something else;
 *         TUF_TOO_LARGE for a file that nobody would read again; CANONICAL_JSON_UNSUPPORTED; whatever
 *         a signer rejects with
 */
export async function signFile<R extends RoleName>(
  role: R,
  signed: SignedOf<R>,
  signers: readonly Signer[],
  kept?: Kept,
): Promise<MetadataFile<SignedOf<R>>> {
  const payload = payloadOf(signedJson(signed));
  const signatures: Signature[] = [];
  for (const signer of signers) {
    const signature = await signer.sign(payload);
    signatures.push(signer.verifies ? signature : verifySignature(signer.key, signature, payload));
  }
  const all = [...signatures, ...stillValid(kept, signatures, payload)];
  const bytes = requireSize(role, serializeEnvelope(payload, all));
  return fileOf(role, bytes, signed, payload, all);
}

/** A content as `signed` says it. Members that were unknown when it was read are not in it. */
export function signedJson(signed: Signed): Json {
  const common = {
    _type: signed.type,
    expires: formatTime(signed.expiresAt),
    version: signed.version,
  };
  switch (signed.type) {
    case 'Root':
      return { ...common, ...rootMembers(signed) };
    case 'Targets':
      return { ...common, ...targetsMembers(signed) };
    default:
      return { ...common, meta: mapJson(signed.meta, fileMetaJson) };
  }
}

function stillValid(kept: Kept | undefined, fresh: readonly Signature[], payload: Uint8Array) {
  return (kept?.signatures ?? []).filter((signature) => {
    const key = kept?.authority.keys.get(signature.keyId);
    if (!key || fresh.some(({ keyId }) => keyId === signature.keyId)) return false;
    return whyUnfit(key, signature, payload) === undefined;
  });
}

function rootMembers(root: Root) {
  return {
    consistent_snapshot: root.consistentSnapshot,
    keys: mapJson(root.keys, publicKeyJson),
    roles: mapJson(root.roles, roleJson),
  };
}

function targetsMembers({ delegations, targets }: Targets) {
  return {
    delegations: {
      keys: mapJson(delegations.keys, publicKeyJson),
      roles: delegations.roles.map(delegationJson),
    },
    targets: mapJson(targets, fileMetaJson),
  };
}

function roleJson({ keyIds, threshold }: Role) {
  return { keyids: [...keyIds], threshold };
}

function delegationJson({ name, paths, ...role }: DelegationRole): Json {
  return { ...roleJson(role), name, ...(paths.length > 0 && { paths: [...paths] }) };
}

/** The form that `parseFileMeta` reads and metadata holds. */
export function fileMetaJson({ sizeBytes, hashes, custom }: FileMeta): Json {
  const known = { hashes: mapJson(hashes, toBase64), length: sizeBytes };
  return custom === undefined || custom === null ? known : { ...known, custom };
}

/** `fromEntries` defines members, so that even `__proto__` is only a name. */
function mapJson<T>(
  map: ReadonlyMap<string, T>,
  write: (value: T) => Json,
): { [name: string]: Json } {
  return Object.fromEntries([...map].map(([name, value]) => [name, write(value)]));
}
