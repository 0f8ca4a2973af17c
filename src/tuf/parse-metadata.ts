import { createHash } from 'node:crypto';
import {
  arrayOf,
  booleanOf,
  canonicalJsonOlpc,
  countOf,
  entriesOf,
  fromBase64,
  isStoreError,
  type Json,
  optional,
  parseJson,
  stringOf,
} from '../base/index.ts';
import { malformed, type TufErrorCode, tufError } from './errors.ts';
import { type KeyId, type PublicKey, parseKeyId, readPublicKey } from './key.ts';
import { mostDelegations, mostPaths, requireSize } from './limits.ts';
import { readFiles, requireFiles, withTargetsLater } from './listed-files.ts';
import type {
  Common,
  DelegationRole,
  FileMeta,
  MetadataFile,
  Role,
  Root,
  Signed,
  SignedOf,
  Snapshot,
  Targets,
  Timestamp,
} from './metadata.ts';
import {
  baseRoles,
  isTargetsRole,
  parentOf,
  parseDelegationName,
  type RoleName,
} from './role-name.ts';
import type { Signature } from './signature.ts';
import { someText } from './texts.ts';
import { parseTime } from './time.ts';

/** More than anybody uses; each may cost one verification, for which the whole file is hashed. */
const mostSignatures = 64;
const replacement = Buffer.from('\ufffd');

/**
 * Reads one metadata file: JSON, envelope, and the structure that Notary asks of the role. It
 * verifies no signature, no expiry and no version. Unknown members are ignored, and stay under
 * the signatures and in `bytes`; `null` is read where Go writes it for an empty list or map.
 *
 * @param bytes  exactly as received; kept as they are
 * @throws StoreError TUF_TOO_LARGE, TUF_MALFORMED, TUF_KEY_ID_MISMATCH
 * @see notary 0.7.0 tuf/data/{root,targets,snapshot,timestamp}.go, the isValid...Structure functions
 */
export function parseMetadata<R extends RoleName>(
  role: R,
  bytes: Uint8Array,
): MetadataFile<SignedOf<R>> {
  return readMetadata(role, bytes, () => undefined);
}

/** A file of which everything but its payload was read. */
export interface Reading {
  readonly bytes: Uint8Array;
  /** The envelope. */
  readonly json: Json;
  readonly type: Signed['type'];
}

/**
 * {@link parseMetadata} for whoever looks at the file once more, and may know from that which of
 * its bytes are the payload already.
 *
 * @param payloadIn  undefined where the payload must be written: the usual case
 * @throws StoreError as {@link parseMetadata} does
 */
export function readMetadata<R extends RoleName>(
  role: R,
  bytes: Uint8Array,
  payloadIn: (reading: Reading) => Uint8Array | undefined,
): MetadataFile<SignedOf<R>> {
  requireSize(role, bytes);
  try {
    const json = parseJson(bytes);
    const envelope = entriesOf(json, role);
    const inner = envelope.get('signed');
    const signed = readSigned(role, inner) as SignedOf<R>;
    const signatures = readSignatures(envelope);
    const payload = payloadIn({ bytes, json, type: signed.type }) ?? writePayload(inner as Json);
    return fileOf(role, bytes, signed, payload, signatures);
  } catch (error) {
    throw asMalformed(role, error);
  }
}

function writePayload(signed: Json): Uint8Array {
  const payload = canonicalJsonOlpc(signed);
  requireUnicode(signed, payload);
  return payload;
}

/** @throws StoreError as {@link parseMetadata} does */
export function parseRoot(bytes: Uint8Array): MetadataFile<Root> {
  return parseMetadata('root', bytes);
}

/** The file that these bytes are. */
export function fileOf<S extends Signed>(
  role: RoleName,
  bytes: Uint8Array,
  signed: S,
  payload: Uint8Array,
  signatures: readonly Signature[],
): MetadataFile<S> {
  const { version, expiresAt } = signed;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return {
    role,
    bytes,
    sha256,
    sizeBytes: bytes.length,
    signed,
    signatures,
    version,
    expiresAt,
    payload,
  };
}

function readSigned(role: RoleName, json: Json | undefined): Signed {
  const signed = entriesOf(json, 'signed');
  if (isTargetsRole(role)) return readTargets(role, signed);
  if (role === 'root') return readRoot(signed);
  return role === 'snapshot' ? readSnapshot(signed) : readTimestamp(signed);
}

type Members = ReadonlyMap<string, Json>;

function readCommon<T extends Signed['type']>(
  signed: Members,
  type: T,
): Common & { readonly type: T } {
  const found = stringOf(signed.get('_type'), '_type');
  if (found !== type) throw malformed(`its _type is "${found.slice(0, 40)}", not ${type}`);
  const version = countOf(signed.get('version'), 'version');
  if (version < 1) throw malformed('its version is less than 1');
  const expiresAt = parseTime(stringOf(signed.get('expires'), 'expires'));
  if (!expiresAt) throw malformed('its expires is not an RFC 3339 time');
  return { type, version, expiresAt };
}

function readRoot(signed: Members): Root {
  const common = readCommon(signed, 'Root');
  const consistentSnapshot =
    optional(booleanOf, signed.get('consistent_snapshot'), 'consistent_snapshot') ?? false;
  const keys = readKeys(signed.get('keys'), 'keys');
  const roles = new Map<string, Role>();
  for (const [name, json] of entriesOf(signed.get('roles'), 'roles')) {
    roles.set(name, readRole(entriesOf(json, `roles.${name}`), `roles.${name}`));
  }
  for (const name of baseRoles) {
    const role = roles.get(name);
    if (!role) throw malformed(`it does not say who signs ${name}`);
    requireKeys(role, keys, name);
  }
  return { ...common, consistentSnapshot, keys, roles };
}

function readTargets(role: RoleName, signed: Members): Targets {
  const common = readCommon(signed, 'Targets');
  const delegations = optional(entriesOf, signed.get('delegations'), 'delegations');
  const keys = readKeys(delegations?.get('keys') ?? {}, 'delegations.keys');
  const roles: DelegationRole[] = [];
  const listed = optional(arrayOf, delegations?.get('roles'), 'delegations.roles') ?? [];
  if (listed.length > mostDelegations)
    throw malformed(`it names more than ${mostDelegations} delegations`);
  for (const json of listed) {
    const delegation = readDelegation(json);
    if (parentOf(delegation.name) !== role)
      throw malformed(`it cannot delegate to ${delegation.name}`);
    requireKeys(delegation, keys, delegation.name);
    roles.push(delegation);
  }
  if (new Set(roles.map((delegation) => delegation.name)).size < roles.length) {
    throw malformed('it names a delegation twice');
  }
  const files = requireFiles(signed.get('targets') ?? {}, 'targets');
  return withTargetsLater({ ...common, delegations: { keys, roles } }, () => files);
}

function readSnapshot(signed: Members): Snapshot {
  const common = readCommon(signed, 'Snapshot');
  return { ...common, meta: readMeta(signed, ['root', 'targets']) };
}

function readTimestamp(signed: Members): Timestamp {
  const common = readCommon(signed, 'Timestamp');
  return { ...common, meta: readMeta(signed, ['snapshot']) };
}

function readMeta(signed: Members, required: readonly string[]): ReadonlyMap<string, FileMeta> {
  const meta = readFiles(signed.get('meta') ?? {}, 'meta');
  for (const [name, { hashes }] of meta) {
    if (!hashes.has('sha256')) throw malformed(`it lists ${name} without its sha256`);
  }
  for (const name of required) if (!meta.has(name)) throw malformed(`it does not list ${name}`);
  return meta;
}

function readKeys(json: Json | undefined, path: string): ReadonlyMap<KeyId, PublicKey> {
  const keys = new Map<KeyId, PublicKey>();
  for (const [text, member] of entriesOf(json, path)) {
    const key = readPublicKey(member, path);
    if (key.id !== text) {
      throw tufError('TUF_KEY_ID_MISMATCH', {
        role: '',
        listed: text.slice(0, 64),
        computed: key.id,
      });
    }
    keys.set(key.id, key);
  }
  return keys;
}

function readRole(role: Members, path: string): Role {
  const keyIds = optional(arrayOf, role.get('keyids'), `${path}.keyids`) ?? [];
  const threshold = countOf(role.get('threshold'), `${path}.threshold`);
  if (threshold < 1) throw malformed(`${path}.threshold is less than 1`);
  const ids = keyIds.map((id) => parseKeyId(stringOf(id, `${path}.keyids`)));
  return { keyIds: [...new Set(ids)], threshold };
}

function readDelegation(json: Json): DelegationRole {
  const members = entriesOf(json, 'delegations.roles');
  const name = parseDelegationName(stringOf(members.get('name'), 'delegations.roles.name'));
  const paths = optional(arrayOf, members.get('paths'), `${name}.paths`) ?? [];
  if (paths.length > mostPaths) throw malformed(`it gives ${name} more than ${mostPaths} paths`);
  return {
    ...readRole(members, name),
    name,
    paths: paths.map((path) => stringOf(path, `${name}.paths`)),
  };
}

function requireKeys(role: Role, keys: ReadonlyMap<KeyId, PublicKey>, name: string): void {
  for (const id of role.keyIds) {
    if (!keys.has(id)) throw malformed(`it names the key ${id} for ${name} and does not hold it`);
  }
}

function readSignatures(envelope: Members): Signature[] {
  const list = optional(arrayOf, envelope.get('signatures'), 'signatures') ?? [];
  if (list.length > mostSignatures)
    throw malformed(`it bears more than ${mostSignatures} signatures`);
  return list.map((json) => {
    const members = entriesOf(json, 'signatures');
    const bytes = fromBase64(stringOf(members.get('sig'), 'signatures.sig'));
    if (!bytes) throw malformed('one of its signatures is not base64');
    return {
      keyId: parseKeyId(stringOf(members.get('keyid'), 'signatures.keyid')),
      method: stringOf(members.get('method'), 'signatures.method').toLowerCase(),
      bytes,
    };
  });
}

/**
 * Refuses half surrogate pairs. They turn into U+FFFD when they are written as UTF-8, so that two
 * names, or two files, could share one payload. Only a payload with a U+FFFD need be searched.
 */
function requireUnicode(json: Json, payload: Uint8Array): void {
  if (Buffer.from(payload.buffer, payload.byteOffset, payload.length).includes(replacement)) {
    if (someText(json, (text) => !text.isWellFormed())) {
      throw malformed('a text in it is not Unicode');
    }
  }
}

function asMalformed(role: RoleName, error: unknown): unknown {
  if (!isStoreError(error)) return error;
  switch (error.code as TufErrorCode) {
    case 'TUF_KEY_ID_MISMATCH':
      return tufError('TUF_KEY_ID_MISMATCH', { ...error.detail, role });
    case 'TUF_MALFORMED':
      return tufError('TUF_MALFORMED', { ...error.detail, role });
    default:
      return tufError('TUF_MALFORMED', { role, reason: error.message }, error);
  }
}
