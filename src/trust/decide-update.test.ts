import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AttackName, requireEveryAttack } from '../../test/support/attack-names.ts';
import { newSigner, partsOf } from '../../test/support/simulated-publisher.ts';
import {
  byOtherRole,
  byStranger,
  changeSignature,
  envelope,
  expired,
  extraMember,
  laterExpiry,
  newerExpiry,
  newline,
  otherType,
  pretty,
  type Spoil,
  tooLarge,
  version,
  zeroInTime,
} from '../../test/support/spoilt-files.ts';
import {
  edits,
  gun,
  kate,
  now,
  refusal,
  serverWithRepository,
  sub,
  tag,
} from '../../test/support/trust-world.ts';
import { utf8 } from '../base/index.ts';
import {
  type MetadataFile,
  metaOf,
  parseDelegationName,
  type RoleName,
  type Snapshot,
  withDelegation,
  withoutDelegation,
} from '../tuf/index.ts';

/*
 * Attacks on the accepting side: a way of spoiling one file of an honest update, by role, and the
 * one code that refuses it. In the table `below` is TUF_BELOW_THRESHOLD and so on; `-` stands where
 * the way does not exist.
 */
const codes = {
  below: 'TUF_BELOW_THRESHOLD',
  nosig: 'TUF_NO_SIGNATURES',
  expired: 'TUF_EXPIRED',
  conflict: 'TRUST_VERSION_CONFLICT',
  malform: 'TUF_MALFORMED',
  fixpoint: 'TUF_NOT_FIXPOINT',
  large: 'TUF_TOO_LARGE',
  rootver: 'TUF_ROOT_VERSION',
  hash: 'TUF_HASH_MISMATCH',
  '-': undefined,
} as const;

const roles: readonly RoleName[] = ['root', 'targets', kate, sub, 'snapshot'];
// biome-ignore format: the columns of the table line up
const attacks: [attack: AttackName, way: string, spoil: Spoil, codes: string][] = [
  //                                                                            root     targets  kate     sub      snapshot
  ['arbitrary software',     'a changed signature', changeSignature,          'below    below    below    below    below'],
  ['arbitrary software',     'no signature', (f) => envelope(f, []),          'nosig    nosig    nosig    nosig    nosig'],
  ['arbitrary software',     'a changed content', laterExpiry,                'below    below    below    below    below'],
  ['arbitrary software',     'the signature of a stranger', byStranger,       'below    below    below    below    below'],
  ['indefinite freeze',      'an expiry in the past', expired,                'expired  expired  expired  expired  expired'],
  ['rollback',               'the published version', version((v) => v - 1),  'conflict conflict conflict conflict conflict'],
  ['key compromise',         "the signature of another role's key", byOtherRole, 'below    below    below    below    below'],
  ['rollback',               'version 0', version(() => 0),                   'malform  malform  malform  malform  malform'],
  ['fast-forward',           'a version left out', version((v) => v + 1),     'rootver  -        -        -        -'],
  ['malicious mirror',       'bytes that are no JSON', () => utf8('{'),       'malform  malform  malform  malform  malform'],
  ['endless data',           'deep JSON', () => utf8('['.repeat(9999)),       'malform  malform  malform  malform  malform'],
  ['wrong software',         'the type of another role', otherType,           'malform  malform  malform  malform  malform'],
  ['malicious mirror',       'a newline at the end', newline,                 'fixpoint fixpoint fixpoint fixpoint fixpoint'],
  ['malicious mirror',       'white space inside', pretty,                    'fixpoint fixpoint fixpoint fixpoint fixpoint'],
  ['malicious mirror',       'a member that Go drops', extraMember,           'fixpoint fixpoint fixpoint fixpoint fixpoint'],
  ['malicious mirror',       'a zero that Go trims', zeroInTime,              'fixpoint fixpoint fixpoint fixpoint fixpoint'],
  ['endless data',           'too many bytes', tooLarge,                      'large    large    large    large    large'],
  ['mix-and-match',          'another valid content', newerExpiry,            'hash     hash     hash     hash     -'],
];

for (const [attack, way, spoil, row] of attacks) {
  for (const [column, word] of row.split(/ +/).entries()) {
    const role = roles[column] ?? 'root';
    const code = codes[word as keyof typeof codes];
    if (!code) continue;
    test(`${attack}: ${role} with ${way} is ${code}`, async () => {
      const { server, store, publisher } = await serverWithRepository({ holdsSnapshot: true });
      const honest = await publisher.update(
        {
          root: (root) => root,
          targets: edits([
            ['targets', tag('v1')],
            [kate, tag('v1')],
            [sub, tag('v1')],
          ]),
        },
        now,
      );
      const parts = partsOf(honest);
      const file = honest.get(role) ?? assert.fail(`the honest update has no ${role}`);
      const before = await store.changes({ from: 'newest', limit: 100 });
      parts.set(role, await spoil(file, publisher));
      const refused = code === 'TUF_HASH_MISMATCH' ? 'snapshot' : role;
      await assert.rejects(server.accept(gun, parts, now), refusal(code, refused));
      assert.deepEqual(await store.changes({ from: 'newest', limit: 100 }), before);
      await server.accept(gun, partsOf(honest), now);
    });
  }
}

test('every attack has a row, or a test below', () => {
  // And key-compromise.test.ts has every role with every stolen key.
  const below = ['extraneous dependencies'] as const;
  requireEveryAttack([...attacks.map(([attack]) => attack), ...below]);
});

test('extraneous dependencies: a delegation that nobody names is TUF_DELEGATION_UNKNOWN', async () => {
  const { server, publisher } = await serverWithRepository();
  const eve = parseDelegationName('targets/eve');
  publisher.signers.set(eve, [newSigner()]);
  const parts = partsOf(await publisher.update({ targets: edits([[eve, tag('v1')]]) }, now));
  await assert.rejects(server.accept(gun, parts, now), refusal('TUF_DELEGATION_UNKNOWN', eve));
});

test('a delegation that the same update removes is TUF_DELEGATION_UNKNOWN', async () => {
  const { server, publisher } = await serverWithRepository();
  const parts = partsOf(
    await publisher.update(
      {
        targets: edits([
          ['targets', (old) => withoutDelegation(old, kate)],
          [kate, tag('v1')],
        ]),
      },
      now,
    ),
  );
  await assert.rejects(server.accept(gun, parts, now), refusal('TUF_DELEGATION_UNKNOWN', kate));
});

test('a delegation whose parent was never published is TRUST_TARGETS_MISSING', async () => {
  const { server, publisher } = await serverWithRepository();
  const signer = newSigner();
  const [parent, child] = [parseDelegationName('targets/a'), parseDelegationName('targets/a/b')];
  publisher.signers.set(child, [signer]);
  const parts = partsOf(
    await publisher.update(
      {
        targets: edits([
          ['targets', (old) => withDelegation(old, { name: parent, keys: [signer.key] })],
          [child, tag('v1')],
        ]),
      },
      now,
    ),
  );
  await assert.rejects(server.accept(gun, parts, now), refusal('TRUST_TARGETS_MISSING', parent));
});

test('an ancestor is loaded, even if it has expired since', async () => {
  const { server, publisher } = await serverWithRepository();
  const later = new Date(now.getTime() + 4 * 365 * 86_400_000);
  const parts = partsOf(await publisher.update({ targets: edits([[sub, tag('v1')]]) }, later));
  const files = await server.accept(gun, parts, later);
  assert.deepEqual(
    files.map(({ role }) => role),
    [sub, 'snapshot', 'timestamp'],
  );
});

const disagreements: [what: string, change: (snapshot: Snapshot) => Snapshot, code: string][] = [
  ['leaves out an uploaded delegation', without(kate), 'TRUST_SNAPSHOT_MISMATCH'],
  ['lists a delegation that does not exist', listing('targets/none'), 'TRUST_SNAPSHOT_MISMATCH'],
  ['lists the timestamp', listing('timestamp'), 'TRUST_SNAPSHOT_MISMATCH'],
  ['lists what is no role', listing('../root'), 'TUF_ROLE_INVALID'],
  ['lists another root', listing('root'), 'TUF_SIZE_MISMATCH'],
  ['lists other targets', listing('targets'), 'TUF_SIZE_MISMATCH'],
  ['lists another version of a delegation that stays', listing(sub), 'TUF_SIZE_MISMATCH'],
];

for (const [what, change, code] of disagreements) {
  test(`extraneous dependencies, mix-and-match: an uploaded snapshot that ${what} is ${code}`, async () => {
    const { server, publisher } = await serverWithRepository({ holdsSnapshot: true });
    const files = await publisher.update({ targets: edits([[kate, tag('v1')]]) }, now);
    const snapshot = files.get('snapshot')?.signed as Snapshot;
    files.set('snapshot', await publisher.sign('snapshot', change(snapshot)));
    await assert.rejects(server.accept(gun, partsOf(files), now), refusal(code, 'snapshot'));
  });
}

function without(role: RoleName) {
  return (snapshot: Snapshot): Snapshot => {
    const meta = new Map(snapshot.meta);
    meta.delete(role);
    return { ...snapshot, meta };
  };
}

function listing(name: string) {
  return (snapshot: Snapshot): Snapshot => {
    const sha256 = '0'.repeat(64);
    const nothing = { role: 'root', bytes: utf8('x'), sha256, sizeBytes: 1 } as MetadataFile;
    return { ...snapshot, meta: new Map(snapshot.meta).set(name, metaOf(nothing)) };
  };
}
