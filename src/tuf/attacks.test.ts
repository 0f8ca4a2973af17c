import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  makeSigner,
  SimulatedRepository,
  type Tamper,
} from '../../test/support/simulated-repository.ts';
import { canonicalJsonOlpc, fromUtf8, type Json, utf8 } from '../base/index.ts';
import { serializeEnvelope } from './envelope.ts';
import {
  nextVersion,
  parseGun,
  type RoleName,
  refreshTrustedSet,
  releasesRole,
  type Signature,
  type Signer,
  type TrustedSet,
  type TufErrorCode,
  withDelegation,
  withTarget,
} from './index.ts';

/*
 * A client saw the repository at version 1 of every role. Now every role is at version 2, and one
 * of them is corrupt. A row is a way to corrupt, a column the role, a cell the one code the client
 * reports; `ok` where it need not care.
 */

type Cell = TufErrorCode | 'ok';
const roles = ['root', 'timestamp', 'snapshot', 'targets', releasesRole] as const;
const gun = parseGun('registry.example.com:5443/acme/app');
const before = new Date('2026-11-20T00:00:00Z');
const now = new Date('2026-11-21T00:00:00Z');

/* What anybody between client and server can do: other bytes are served, nothing else changes. */
type Serve = (bytes: Uint8Array) => Uint8Array | undefined;
// biome-ignore format: a table
const served: readonly (readonly [way: string, Serve, ...cells: Cell[]])[] = [
  //                                       root                 timestamp              snapshot             targets              targets/releases
  ['is missing', () => undefined,          'TUF_UNAVAILABLE',   'TUF_UNAVAILABLE',     'TUF_UNAVAILABLE',   'TUF_UNAVAILABLE',   'TUF_UNAVAILABLE'],
  ['is empty', () => utf8(''),             'TUF_SIZE_MISMATCH', 'TUF_MALFORMED',       'TUF_SIZE_MISMATCH', 'TUF_SIZE_MISMATCH', 'TUF_SIZE_MISMATCH'],
  ['is a web page', () => utf8('<html>'),  'TUF_SIZE_MISMATCH', 'TUF_MALFORMED',       'TUF_SIZE_MISMATCH', 'TUF_SIZE_MISMATCH', 'TUF_SIZE_MISMATCH'],
  ['is cut short', (b) => b.subarray(1),   'TUF_SIZE_MISMATCH', 'TUF_MALFORMED',       'TUF_SIZE_MISMATCH', 'TUF_SIZE_MISMATCH', 'TUF_SIZE_MISMATCH'],
  ['has a newline more', appended('\n'),   'TUF_SIZE_MISMATCH', 'ok',                  'TUF_SIZE_MISMATCH', 'TUF_SIZE_MISMATCH', 'TUF_SIZE_MISMATCH'],
  ['expires otherwise', otherExpiry,        'TUF_HASH_MISMATCH', 'TUF_BELOW_THRESHOLD', 'TUF_HASH_MISMATCH', 'TUF_HASH_MISMATCH', 'TUF_HASH_MISMATCH'],
  ['is endless', appended(' '.repeat(2**21)), 'TUF_SIZE_MISMATCH', 'TUF_TOO_LARGE',    'TUF_SIZE_MISMATCH', 'TUF_SIZE_MISMATCH', 'TUF_SIZE_MISMATCH'],
];

for (const [way, serve, ...cells] of served) {
  for (const [index, role] of roles.entries()) {
    test(`when ${role} ${way} where it is served: ${cells[index]}`, async () => {
      const { repository, client } = await atVersionTwo();
      const key = [...repository.served.keys()]
        .filter((each) => each.startsWith(`${role}.`))
        .at(-1);
      const name = role === 'timestamp' ? role : (key ?? assert.fail());
      const bytes = serve(repository.served.get(name) ?? assert.fail());
      if (bytes) repository.served.set(name, bytes);
      else repository.served.delete(name);
      await expectCell(client(), cells[index]);
    });
  }
}

/* What the holder of all keys but that role's can do: snapshot and timestamp are made to fit. */
type Make = (role: RoleName, own: readonly Signer[]) => Tamper;
// biome-ignore format: a table
const made: readonly (readonly [way: string, Make, ...cells: Cell[]])[] = [
  //                                               root                   timestamp              snapshot               targets                targets/releases
  ['is not JSON', () => () => utf8('{"signed"'),   'TUF_MALFORMED',       'TUF_MALFORMED',       'TUF_MALFORMED',       'TUF_MALFORMED',       'TUF_MALFORMED'],
  ['is nested absurdly', () => () => utf8('['.repeat(1e5)), 'TUF_MALFORMED', 'TUF_MALFORMED',    'TUF_MALFORMED',       'TUF_MALFORMED',       'TUF_MALFORMED'],
  ['is pretty printed', pretty,                    'ok',                  'ok',                  'ok',                  'ok',                  'ok'],
  ['bears no signature', bearing(() => []),        'TUF_NO_SIGNATURES',   'TUF_NO_SIGNATURES',   'TUF_NO_SIGNATURES',   'TUF_NO_SIGNATURES',   'TUF_NO_SIGNATURES'],
  ['is signed by a stranger', byStranger,          'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD'],
  ['is signed in another name', inOtherName,       'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD'],
  ['names no method', bearing(methodOf('none')),   'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD'],
  ['names another method', bearing(methodOf('rsapss')), 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD'],
  ['has a signature cut short', bearing(cutShort), 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD'],
  ['is changed after signing', changed({ x: 1 }),  'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD', 'TUF_BELOW_THRESHOLD'],
  ['has too many signatures', bearing(thousand),   'TUF_MALFORMED',       'TUF_MALFORMED',       'TUF_MALFORMED',       'TUF_MALFORMED',       'TUF_MALFORMED'],
];
/* What the holder of that role's key can do as well. */
// biome-ignore format: a table
const signedAgain: readonly (readonly [way: string, Members, ...cells: Cell[]])[] = [
  //                                                    root               timestamp        snapshot         targets          targets/releases
  ['has a member more', { unknown: [null] },            'ok',              'ok',            'ok',            'ok',            'ok'],
  ['expired', { expires: '2026-11-20T23:59:59.9Z' },    'TUF_EXPIRED',     'TUF_EXPIRED',   'TUF_EXPIRED',   'TUF_EXPIRED',   'TUF_EXPIRED'],
  ['expires on no day', { expires: '2036-02-30T00:00:00Z' }, 'TUF_MALFORMED', 'TUF_MALFORMED', 'TUF_MALFORMED', 'TUF_MALFORMED', 'TUF_MALFORMED'],
  ['has version 1 again', { version: 1 },               'TUF_ROOT_VERSION', 'ok',           'ok',            'ok',            'ok'],
  ['has version 0', { version: 0 },                     'TUF_MALFORMED',   'TUF_MALFORMED', 'TUF_MALFORMED', 'TUF_MALFORMED', 'TUF_MALFORMED'],
  ['has half a version', { version: 2.5 },              'TUF_MALFORMED',   'TUF_MALFORMED', 'TUF_MALFORMED', 'TUF_MALFORMED', 'TUF_MALFORMED'],
  ['has no version', { version: null },                 'TUF_MALFORMED',   'TUF_MALFORMED', 'TUF_MALFORMED', 'TUF_MALFORMED', 'TUF_MALFORMED'],
  ['is of another role', { _type: 'Mirrors' },          'TUF_MALFORMED',   'TUF_MALFORMED', 'TUF_MALFORMED', 'TUF_MALFORMED', 'TUF_MALFORMED'],
];

const makers: typeof made = [
  ...made,
  ...signedAgain.map(([way, members, ...cells]) => [way, resigned(members), ...cells] as const),
];
for (const [way, make, ...cells] of makers) {
  for (const [index, role] of roles.entries()) {
    test(`when ${role} ${way} and all above it fits: ${cells[index]}`, async () => {
      const { client } = await atVersionTwo((own) => [role, make(role, own)], role);
      await expectCell(client(), cells[index]);
    });
  }
}

for (const role of ['timestamp', 'snapshot', 'targets', releasesRole] as const) {
  test(`a ${role} older than the one seen last is a rollback`, async () => {
    const { client } = await atVersionTwo();
    const { seen } = await client();
    const version = seen.get(role) ?? assert.fail();
    const detail = { role, version, seen: version + 1 };
    const refused = client(new Map(seen).set(role, version + 1));
    await assert.rejects(refused, { code: 'TUF_ROLLBACK', detail });
    assert.deepEqual((await client(seen)).seen, seen);
  });
}

test('a root older than the one seen last is a rollback, though its own signatures are right', async () => {
  const { client, seen } = await atVersionTwo();
  const expected = { code: 'TUF_ROLLBACK', detail: { role: 'root', version: 2, seen: 9 } };
  await assert.rejects(client(new Map(seen).set('root', 9)), expected);
});

test('of a delegation, lenient skips what expired or lacks signatures, and nothing else', async () => {
  const cases: [way: string, Make, Cell][] = [
    ['expired', resigned({ expires: '2026-11-20T00:00:00Z' }), 'TUF_EXPIRED'],
    ['by a stranger', byStranger, 'TUF_BELOW_THRESHOLD'],
    ['malformed', resigned({ version: 0 }), 'ok'],
  ];
  for (const [way, make, skipped] of cases) {
    const { client } = await atVersionTwo(
      (own) => [releasesRole, make(releasesRole, own)],
      releasesRole,
    );
    if (skipped === 'ok') {
      await assert.rejects(client(undefined, 'lenient'), { code: 'TUF_MALFORMED' }, way);
      continue;
    }
    const set = await client(undefined, 'lenient');
    assert.deepEqual([...set.targets.keys()], ['targets'], way);
    assert.deepEqual(
      [...set.skipped].map(([role, { code }]) => [role, code]),
      [[releasesRole, skipped]],
    );
  }
});

/** Publishes twice; the second time `tamper` may change one role. */
async function atVersionTwo(
  tamper?: (own: readonly Signer[]) => readonly [RoleName, Tamper],
  role: RoleName = 'root',
) {
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
  const anchor = repository.served.get('root') ?? assert.fail();
  const first = await refreshTrustedSet({ gun, anchor, source: repository.source, now: before });

  repository.root = nextVersion(repository.root, now);
  repository.edit('targets', now);
  repository.edit(releasesRole, now);
  const tampers = new Map(tamper ? [tamper(repository.signers.get(role) ?? [])] : []);
  await repository.publish(['root', 'targets', releasesRole], now, tampers);
  const client = (
    seen: ReadonlyMap<RoleName, number> = new Map(),
    delegations: 'strict' | 'lenient' = 'strict',
  ) => refreshTrustedSet({ gun, anchor, source: repository.source, now, seen, delegations });
  return { repository, client, seen: first.seen };
}

async function expectCell(refresh: Promise<TrustedSet>, cell: Cell | undefined) {
  if (cell === 'ok') assert.equal((await refresh).root.version, 2);
  else await assert.rejects(refresh, { code: cell ?? assert.fail('the row has no such cell') });
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

function byStranger(): Tamper {
  return async ({ payload }) => serializeEnvelope(payload, [await makeSigner().sign(payload)]);
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

function resigned(members: Members): Make {
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
