import assert from 'node:assert/strict';
import { canonicalJsonOlpc, fromUtf8, type Json, utf8 } from '../../src/base/index.ts';
import {
  type Gun,
  nextVersion,
  type RoleName,
  releasesRole,
  type Signature,
  type Signer,
  serializeEnvelope,
  type TufErrorCode,
  withDelegation,
  withTarget,
} from '../../src/tuf/index.ts';
import type { AttackName } from './attack-names.ts';
import { makeSigner, SimulatedRepository, type Tamper } from './simulated-repository.ts';

/*
 * A client saw the repository at version 1 of every role. Now every role is at version 2, and one
 * of them is corrupt. A row is a way to corrupt, a column the role, a cell the one code the client
 * reports; `ok` where it need not care.
 */

export type Cell = TufErrorCode | 'ok';
/** The columns. */
export const attackedRoles = ['root', 'timestamp', 'snapshot', 'targets', releasesRole] as const;

/** What anybody between client and server can do: other bytes are served, nothing else changes. */
export type Serve = (bytes: Uint8Array, former: Uint8Array) => Uint8Array | undefined;
// biome-ignore format: a table
export const served: readonly (readonly [attack: AttackName, way: string, Serve, ...cells: Cell[]])[] = [
  //                                       root                 timestamp              snapshot             targets              targets/releases
  ['malicious mirror', 'is missing', () => undefined,          'TUF_UNAVAILABLE',   'TUF_UNAVAILABLE',     'TUF_UNAVAILABLE',   'TUF_UNAVAILABLE',   'TUF_UNAVAILABLE'],
  ['malicious mirror', 'is empty', () => utf8(''),             'TUF_SIZE_MISMATCH', 'TUF_MALFORMED',       'TUF_SIZE_MISMATCH', 'TUF_SIZE_MISMATCH', 'TUF_SIZE_MISMATCH'],
  ['malicious mirror', 'is a web page', () => utf8('<html>'),  'TUF_SIZE_MISMATCH', 'TUF_MALFORMED',       'TUF_SIZE_MISMATCH', 'TUF_SIZE_MISMATCH', 'TUF_SIZE_MISMATCH'],
  ['malicious mirror', 'is cut short', (b) => b.subarray(1),   'TUF_SIZE_MISMATCH', 'TUF_MALFORMED',       'TUF_SIZE_MISMATCH', 'TUF_SIZE_MISMATCH', 'TUF_SIZE_MISMATCH'],
  ['malicious mirror', 'has a newline more', appended('\n'),   'TUF_SIZE_MISMATCH', 'ok',                  'TUF_SIZE_MISMATCH', 'TUF_SIZE_MISMATCH', 'TUF_SIZE_MISMATCH'],
  ['arbitrary software', 'expires otherwise', otherExpiry,        'TUF_HASH_MISMATCH', 'TUF_BELOW_THRESHOLD', 'TUF_HASH_MISMATCH', 'TUF_HASH_MISMATCH', 'TUF_HASH_MISMATCH'],
  ['mix-and-match', 'is the one of before', (_b, former) => former, 'TUF_HASH_MISMATCH', 'TUF_ROLLBACK', 'TUF_HASH_MISMATCH', 'TUF_HASH_MISMATCH', 'TUF_HASH_MISMATCH'],
  ['endless data', 'is endless', appended(' '.repeat(2**21)), 'TUF_SIZE_MISMATCH', 'TUF_TOO_LARGE',    'TUF_SIZE_MISMATCH', 'TUF_SIZE_MISMATCH', 'TUF_SIZE_MISMATCH'],
];

/** What the holder of all keys but that role's can do: snapshot and timestamp are made to fit. */
export type Make = (
  role: RoleName,
  own: readonly Signer[],
  all: SimulatedRepository['signers'],
) => Tamper;
// biome-ignore format: a table
const made: readonly (readonly [attack: AttackName, way: string, Make, ...cells: Cell[]])[] = [
  //                                               root                   timestamp              snapshot               targets                targets/releases
  ['malicious mirror', 'is not JSON', () => () => utf8('{"signed"'),   'TUF_MALFORMED',       'TUF_MALFORMED',       'TUF_MALFORMED',       'TUF_MALFORMED',       'TUF_MALFORMED'],
  ['endless data', 'is nested absurdly', () => () => utf8('['.repeat(1e5)), 'TUF_MALFORMED', 'TUF_MALFORMED',    'TUF_MALFORMED',       'TUF_MALFORMED',       'TUF_MALFORMED'],
  ['malicious mirror', 'is pretty printed', pretty,                    'ok',                  'ok',                  'ok',                  'ok',                  'ok'],
  ['arbitrary software', 'bears no signature', bearing(() => []),        'TUF_NO_SIGNATURES',   'TUF_NO_SIGNATURES',   'TUF_NO_SIGNATURES',   'TUF_NO_SIGNATURES',   'TUF_NO_SIGNATURES'],
  ['arbitrary software', 'is signed by a stranger', byStranger,          'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD'],
  ['arbitrary software', 'is signed in another name', inOtherName,       'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD'],
  ['key compromise', "is signed by another role's key", byOtherRole, 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD'],
  ['arbitrary software', 'names no method', bearing(methodOf('none')),   'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD'],
  ['arbitrary software', 'names another method', bearing(methodOf('rsapss')), 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD'],
  ['arbitrary software', 'has a signature cut short', bearing(cutShort), 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD'],
  ['arbitrary software', 'is changed after signing', changed({ x: 1 }),  'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD'],
  ['endless data', 'has too many signatures', bearing(thousand),   'TUF_MALFORMED',       'TUF_MALFORMED',       'TUF_MALFORMED',       'TUF_MALFORMED',       'TUF_MALFORMED'],
];
// biome-ignore format: a table
const signedAgain: readonly (readonly [attack: AttackName, way: string, Members, ...cells: Cell[]])[] = [
  //                                                    root               timestamp        snapshot         targets          targets/releases
  ['wrong software', 'has a member more', { unknown: [null] },            'ok',              'ok',            'ok',            'ok',            'ok'],
  ['fast-forward', 'skips a version', { version: 4 },  'TUF_ROOT_VERSION', 'ok', 'ok', 'ok', 'ok'],
  ['fast-forward', 'has a version beyond counting', { version: 2 ** 53 - 1 },  'TUF_TOO_MANY', 'ok', 'ok', 'ok', 'ok'],
  ['indefinite freeze', 'expired', { expires: '2026-11-20T23:59:59.9Z' },    'TUF_EXPIRED',     'TUF_EXPIRED',   'TUF_EXPIRED',   'TUF_EXPIRED',   'TUF_EXPIRED'],
  ['indefinite freeze', 'expires on no day', { expires: '2036-02-30T00:00:00Z' }, 'TUF_MALFORMED', 'TUF_MALFORMED', 'TUF_MALFORMED', 'TUF_MALFORMED', 'TUF_MALFORMED'],
  ['rollback', 'has version 1 again', { version: 1 },               'TUF_ROOT_VERSION', 'ok',           'ok',            'ok',            'ok'],
  ['rollback', 'has version 0', { version: 0 },                     'TUF_MALFORMED',   'TUF_MALFORMED', 'TUF_MALFORMED', 'TUF_MALFORMED', 'TUF_MALFORMED'],
  ['rollback', 'has half a version', { version: 2.5 },              'TUF_MALFORMED',   'TUF_MALFORMED', 'TUF_MALFORMED', 'TUF_MALFORMED', 'TUF_MALFORMED'],
  ['rollback', 'has no version', { version: null },                 'TUF_MALFORMED',   'TUF_MALFORMED', 'TUF_MALFORMED', 'TUF_MALFORMED', 'TUF_MALFORMED'],
  ['wrong software', 'is of another role', { _type: 'Mirrors' },          'TUF_MALFORMED',   'TUF_MALFORMED', 'TUF_MALFORMED', 'TUF_MALFORMED', 'TUF_MALFORMED'],
];

/** {@link made}, and what the holder of that role's key can do as well. */
export const makers: typeof made = [
  ...made,
  ...signedAgain.map(
    ([attack, way, members, ...cells]) => [attack, way, resigned(members), ...cells] as const,
  ),
];

/** A repository whose every role is at version 1, with `v1` in `targets/releases`. */
export async function repositoryAtVersionOne(gun: Gun, before: Date): Promise<SimulatedRepository> {
  const repository = new SimulatedRepository(gun, before);
  const releaser = makeSigner();
  repository.signers.set(releasesRole, [releaser]);
  repository.edit('targets', before, (targets) =>
    withDelegation(targets, { name: releasesRole, keys: [releaser.key] }),
  );
  repository.edit(releasesRole, before, (targets) => {
    const hashes = new Map([['sha256', new Uint8Array(32)]]);
    return withTarget(targets, 'v1', { sizeBytes: 1, hashes });
  });
  await repository.publish(['root', 'targets', releasesRole], before);
  return repository;
}

/** Brings every role to version 2; with `make` that of one role is corrupt, and all above fits it. */
export async function toVersionTwo(
  repository: SimulatedRepository,
  now: Date,
  make?: Make,
  role: RoleName = 'root',
): Promise<void> {
  repository.root = nextVersion(repository.root, now);
  repository.edit('targets', now);
  repository.edit(releasesRole, now);
  const own = repository.signers.get(role) ?? [];
  const tampers = new Map(make ? [[role, make(role, own, repository.signers)]] : []);
  await repository.publish(['root', 'targets', releasesRole], now, tampers);
}

/** Corrupts what is served of a role. @param former  what was served at version 1 */
export function serveCorrupt(
  repository: SimulatedRepository,
  role: RoleName,
  serve: Serve,
  former: ReadonlyMap<string, Uint8Array>,
): void {
  const key = [...repository.served.keys()].filter((each) => each.startsWith(`${role}.`)).at(-1);
  const name = role === 'timestamp' ? role : (key ?? assert.fail());
  const old = [...former].find(([each]) => each === role || each.startsWith(`${role}.`))?.[1];
  const bytes = serve(repository.served.get(name) ?? assert.fail(), old ?? assert.fail());
  if (bytes) repository.served.set(name, bytes);
  else repository.served.delete(name);
}

type Members = { readonly [name: string]: Json };

function appended(text: string): Serve {
  return (bytes) => Buffer.concat([bytes, utf8(text)]);
}

/** As long as it was, valid JSON, another content. */
function otherExpiry(bytes: Uint8Array): Uint8Array {
  return utf8(fromUtf8(bytes).replace(/"expires":"20(\d\d)/, '"expires":"21$1'));
}

function pretty(): Tamper {
  return ({ bytes }) => utf8(JSON.stringify(JSON.parse(fromUtf8(bytes)), null, 4));
}

function bearing(change: (signatures: readonly Signature[]) => readonly Signature[]): Make {
  return () => (file) => serializeEnvelope(file.payload, change(file.signatures));
}

function methodOf(method: string) {
  return (all: readonly Signature[]) => all.map((signature) => ({ ...signature, method }));
}

function cutShort(all: readonly Signature[]): Signature[] {
  return all.map((signature) => ({ ...signature, bytes: signature.bytes.subarray(1) }));
}

function thousand([signature]: readonly Signature[]): Signature[] {
  return Array.from({ length: 1000 }, () => signature ?? assert.fail());
}

export function byStranger(): Tamper {
  return async ({ payload }) => serializeEnvelope(payload, [await makeSigner().sign(payload)]);
}

function byOtherRole(
  role: RoleName,
  _own: readonly Signer[],
  all: SimulatedRepository['signers'],
): Tamper {
  const other = all.get(role === 'targets' ? 'snapshot' : 'targets')?.[0];
  return async ({ payload }) =>
    serializeEnvelope(payload, [await (other ?? assert.fail()).sign(payload)]);
}

function inOtherName(): Tamper {
  return async ({ payload, signatures: [own] }) => {
    const forged = await makeSigner().sign(payload);
    return serializeEnvelope(payload, [{ ...forged, keyId: own?.keyId ?? assert.fail() }]);
  };
}

function changed(members: Members): Make {
  return () => (file) => serializeEnvelope(withMembers(file.payload, members), file.signatures);
}

export function resigned(members: Members): Make {
  return (_role, own) => async (file) => {
    const json = { ...JSON.parse(fromUtf8(file.payload)), ...members };
    const half = members.version === 2.5;
    const payload = half ? utf8(JSON.stringify(json)) : canonicalJsonOlpc(json);
    return serializeEnvelope(payload, await Promise.all(own.map((signer) => signer.sign(payload))));
  };
}

function withMembers(payload: Uint8Array, members: Members): Uint8Array {
  return canonicalJsonOlpc({ ...JSON.parse(fromUtf8(payload)), ...members });
}
