import {
  arrayOf,
  booleanOf,
  entriesOf,
  fromBase64,
  isStoreError,
  type Json,
  optional,
  parseJson,
  stringOf,
  toBase64,
  utf8,
} from '../../base/index.ts';
import type { RoleChange } from '../../client/index.ts';
import {
  fileMetaJson,
  isTargetsRole,
  parseDelegationName,
  parseFileMeta,
  parseKeyId,
  parsePublicKey,
  parseRoleName,
  publicKeyJson,
  type TargetsRole,
} from '../../tuf/index.ts';
import { folderError } from './errors.ts';

/*
 * A staged change: {"action":..,"role":..,"type":..,"path":..,"data":base64 or null}
 *
 *   action type        role         path  data
 *   create target      targets/...  name  {"length":..,"hashes":{..},"custom":..}
 *   delete target      targets/...  name  null
 *   create delegation  targets/...        {"threshold":1,"add_keys":[..],"add_paths":[..]}
 *   update delegation  targets/...        {"remove_keys":[..],"remove_paths":[..],"clear_paths":true}
 *   update delegation  targets/*          {"remove_keys":[..]}: from every delegation
 *   delete delegation  targets/...        null
 *   update witness     any                null
 *
 * Keys are removed by their canonical ids. What is empty is left out. What else may stand there
 * (other roles below a `*`, additions in an update, a threshold) no notary has ever staged, and it is refused.
 * See notary 0.7.0, client/changelist/change.go, client/delegations.go, client/witness.go.
 */

const everyDelegation = 'targets/*';

/**
 * @param file  its path, for messages
 * @throws StoreError FOLDER_CHANGE_MALFORMED, FOLDER_CHANGE_UNKNOWN
 */
export function parseChangeFile(bytes: Uint8Array, file: string): RoleChange {
  try {
    const change = readChange(entriesOf(parseJson(bytes), 'the change'));
    if (typeof change === 'object') return change;
    throw folderError('FOLDER_CHANGE_UNKNOWN', { file, what: change });
  } catch (cause) {
    if (!isStoreError(cause) || cause.code === 'FOLDER_CHANGE_UNKNOWN') throw cause;
    const isOurs = cause.code === 'FOLDER_CHANGE_MALFORMED';
    const reason = isOurs ? String(cause.detail.reason) : cause.message;
    throw folderError('FOLDER_CHANGE_MALFORMED', { file, reason }, cause);
  }
}

/** What {@link parseChangeFile} reads, and notary. */
export function serializeChangeFile(change: RoleChange): Uint8Array {
  const { data, ...members } = writeChange(change);
  const encoded = data === undefined ? null : toBase64(utf8(JSON.stringify(data)));
  return utf8(JSON.stringify({ path: '', ...members, data: encoded }));
}

/** @returns in words what it is, when it is nothing that is known */
function readChange(members: ReadonlyMap<string, Json>): RoleChange | string {
  const [action, role, type, path] = ['action', 'role', 'type', 'path'].map((name) =>
    stringOf(members.get(name), name),
  ) as [string, string, string, string];
  const data = () => readData(members);
  const what = `${action} ${type}`;
  switch (what) {
    case 'create target':
      return { kind: 'create-target', role: targetsRole(role), name: path, meta: readMeta(data()) };
    case 'delete target':
      return { kind: 'delete-target', role: targetsRole(role), name: path };
    case 'create delegation':
      return readAddition(role, entriesOf(data(), 'data'));
    case 'update delegation':
      return readRemoval(role, entriesOf(data(), 'data'));
    case 'delete delegation':
      return { kind: 'remove-delegation', name: parseDelegationName(role) };
    case 'update witness':
      return role === 'root'
        ? { kind: 'witness-root' }
        : { kind: 'witness', role: targetsRole(role) };
    default:
      return what.slice(0, 80);
  }
}

function readData(members: ReadonlyMap<string, Json>): Json {
  const bytes = fromBase64(stringOf(members.get('data'), 'data'));
  if (!bytes) throw malformed('its data is not base64');
  return parseJson(bytes);
}

function readMeta(data: Json) {
  const meta = parseFileMeta(data, 'data');
  if (meta.hashes.size === 0) throw malformed('the target has no hash');
  return meta;
}

function readAddition(role: string, data: ReadonlyMap<string, Json>): RoleChange | string {
  const other = firstOther(data, ['threshold', 'add_keys', 'add_paths']);
  if (other) return `create delegation with ${other}`;
  if ((data.get('threshold') ?? 1) !== 1) return 'create delegation with another threshold than 1';
  const keys = optional(arrayOf, data.get('add_keys'), 'add_keys') ?? [];
  const name = parseDelegationName(role);
  const paths = texts(data, 'add_paths');
  return { kind: 'add-delegation', name, keys: keys.map(parsePublicKey), paths };
}

function readRemoval(role: string, data: ReadonlyMap<string, Json>): RoleChange | string {
  const isPurge = role === everyDelegation;
  const known = isPurge ? ['remove_keys'] : ['remove_keys', 'remove_paths', 'clear_paths'];
  const other = firstOther(data, known);
  if (other) return `update delegation with ${other}`;
  const keyIds = texts(data, 'remove_keys').map(parseKeyId);
  if (isPurge) return { kind: 'purge-keys', keyIds };
  const name = parseDelegationName(role);
  const paths = texts(data, 'remove_paths');
  const isEveryPath = optional(booleanOf, data.get('clear_paths'), 'clear_paths') ?? false;
  return { kind: 'trim-delegation', name, keyIds, paths, ...(isEveryPath && { isEveryPath }) };
}

function firstOther(data: ReadonlyMap<string, Json>, known: readonly string[]) {
  return [...data.keys()].find((name) => !known.includes(name))?.slice(0, 80);
}

function texts(data: ReadonlyMap<string, Json>, name: string): string[] {
  const values = optional(arrayOf, data.get(name), name) ?? [];
  return values.map((value) => stringOf(value, name));
}

function targetsRole(text: string): TargetsRole {
  const role = parseRoleName(text);
  if (isTargetsRole(role)) return role;
  throw malformed(`${role} is not targets or a delegation`);
}

interface Written {
  readonly action: 'create' | 'update' | 'delete';
  readonly role: string;
  readonly type: 'target' | 'delegation' | 'witness';
  readonly path?: string;
  readonly data?: Json;
}

function writeChange(change: RoleChange): Written {
  switch (change.kind) {
    case 'create-target': {
      const { role, name, meta } = change;
      return { action: 'create', role, type: 'target', path: name, data: fileMetaJson(meta) };
    }
    case 'delete-target':
      return { action: 'delete', role: change.role, type: 'target', path: change.name };
    case 'add-delegation': {
      const add_keys = change.keys.map(publicKeyJson);
      const data = present({ threshold: 1, add_keys, add_paths: [...change.paths] });
      return { action: 'create', role: change.name, type: 'delegation', data };
    }
    case 'trim-delegation': {
      const { keyIds, paths, isEveryPath = false } = change;
      const remove = { remove_keys: [...keyIds], remove_paths: [...paths] };
      const data = present({ ...remove, ...(isEveryPath && { clear_paths: true }) });
      return { action: 'update', role: change.name, type: 'delegation', data };
    }
    case 'purge-keys': {
      const data = { remove_keys: [...change.keyIds] };
      return { action: 'update', role: everyDelegation, type: 'delegation', data };
    }
    case 'remove-delegation':
      return { action: 'delete', role: change.name, type: 'delegation' };
    case 'witness':
      return { action: 'update', role: change.role, type: 'witness' };
    case 'witness-root':
      return { action: 'update', role: 'root', type: 'witness' };
  }
}

/** Without empty lists. */
function present(members: { [name: string]: Json }): Json {
  const full = Object.entries(members).filter(([, value]) => !Array.isArray(value) || value.length);
  return Object.fromEntries(full);
}

/** {@link parseChangeFile} knows of which file it is said. */
function malformed(reason: string) {
  return folderError('FOLDER_CHANGE_MALFORMED', { reason });
}
