import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { Secret, utf8 } from '../../base/index.ts';
import { publicKey, verifySignature } from '../../tuf/index.ts';
import {
  DatabaseKeys,
  KeptKeys,
  KeyRows,
  openSignerDatabase,
  openToken,
  Passphrases,
} from './index.ts';
import { openRecord, sealRecord } from './key-record.ts';

const now = new Date('2026-11-20T12:00:00Z');
const owner = { gun: 'example.com/n/app', role: 'timestamp' };
const payload = utf8('{"_type":"Timestamp"}');
const env = { NOTARY_SIGNER_ONE: 'first passphrase', COUNTERMARK_SIGNER_TWO: 'second passphrase' };

// From the PostgreSQL database of Debian's notary-signer 0.7.0; passphrase and key are for tests.
const debians = {
  keyId: 'd749f8ca670e7f13154c8f4277e92f61a58f1763a3c509d79f34e9b925601b9d',
  passphrase: 'passphrasesigner',
  record: [
    'eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1ciLCJlbmMiOiJBMjU2R0NNIiwicDJjIjo4MTkyLCJwMnMiOiJf',
    'Ul82VDRYTzAwejVqbzdhIn0.5IShLyICA6gCNusZvZqZghOTrCOYehpSJxWpPw8RaConvRcEHRpW9w.GU7ii',
    'x62CmQi-L96.i2vB0b6FKxIfAjAvqN-RLDD3EZEIDalbCMaR2E6yFC8bJhBAVMYRbNm0D0c_NBlsa5Q6oWIE',
    'NyrDtnoQLixQZxlsuBpQPzTxp5hdo5RFSVZdwEjlK5LdE2vrDJO2ZdpUs0sI1W1oggE6zNarA7ggkARzdgOd',
    'U79z6Q.X9-7QvHW4ez3y9utRVnEbw',
  ].join(''),
};

async function fresh() {
  const db = await openSignerDatabase(':memory:');
  const rows = new KeyRows(db);
  const under = (alias: string, variables: Record<string, string> = env) => {
    const halves = new DatabaseKeys(rows, new Passphrases(variables, alias));
    return { halves, keys: new KeptKeys(rows, halves) };
  };
  return { db, rows, under };
}

for (const [algorithm, method] of [
  ['ecdsa', 'ecdsa'],
  ['ed25519', 'eddsa'],
] as const) {
  test(`an ${algorithm} key signs as TUF has it, and is pending until then`, async () => {
    const { keys } = (await fresh()).under('one');
    const held = await keys.pending(owner, algorithm, now);
    assert.equal((await keys.pending(owner, algorithm, now)).key.id, held.key.id);
    const bytes = await keys.sign(held, payload, now);
    assert.equal(bytes.length, 64);
    verifySignature(held.key, { keyId: held.key.id, method, bytes }, payload);
    assert.notEqual((await keys.pending(owner, algorithm, now)).key.id, held.key.id);
  });
}

test('algorithms have pending keys of their own, and many who ask at once get one', async () => {
  const { keys } = (await fresh()).under('one');
  const asked = Array.from({ length: 6 }, (_, i) =>
    keys.pending(owner, i % 2 ? 'ecdsa' : 'ed25519', now),
  );
  assert.equal(new Set((await Promise.all(asked)).map(({ key }) => key.id)).size, 2);
});

test('a removed key is not found, and is no longer pending', async () => {
  const { keys } = (await fresh()).under('one');
  const held = await keys.pending(owner, 'ecdsa', now);
  await keys.remove(held.key.id, now);
  assert.equal(await keys.find(held.key.id), undefined);
  assert.notEqual((await keys.pending(owner, 'ecdsa', now)).key.id, held.key.id);
});

test('a key is sealed again when it is used under another default alias', async () => {
  const { rows, under } = await fresh();
  const held = await under('one').keys.pending(owner, 'ecdsa', now);
  const before = await rows.find(held.key.id);
  await under('two').keys.sign(held, payload, now);
  const after = await rows.find(held.key.id);
  assert.deepEqual([before?.passphrase_alias, after?.passphrase_alias], ['one', 'two']);
  assert.notEqual(after?.private, before?.private);
  const { COUNTERMARK_SIGNER_TWO } = env;
  await under('two', { COUNTERMARK_SIGNER_TWO }).keys.sign(held, payload, now);
});

test('all keys are sealed again at once, and the old passphrase is no longer needed', async () => {
  const { under } = await fresh();
  const held = await Promise.all(
    Array.from({ length: 5 }, (_, i) =>
      under('one').keys.pending({ ...owner, gun: `example.com/n/${i}` }, 'ecdsa', now),
    ),
  );
  assert.equal(await under('two').halves.resealAll(), 5);
  assert.equal(await under('two').halves.resealAll(), 0);
  const { COUNTERMARK_SIGNER_TWO } = env;
  const { keys } = under('two', { COUNTERMARK_SIGNER_TWO });
  for (const one of held) await keys.sign(one, payload, now);
});

test('a key does not open with another passphrase, or without', async () => {
  const { under } = await fresh();
  const held = await under('one').keys.pending(owner, 'ecdsa', now);
  const wrong = under('one', { NOTARY_SIGNER_ONE: 'another' });
  await assert.rejects(wrong.keys.pending(owner, 'ecdsa', now), { code: 'SIGNER_KEY_UNREADABLE' });
  await assert.rejects(wrong.keys.sign(held, payload, now), { code: 'SIGNER_KEY_UNREADABLE' });
  const none = under('two', { NOTARY_SIGNER_TWO: 'second' });
  await assert.rejects(none.keys.sign(held, payload, now), { code: 'SIGNER_PASSPHRASE' });
});

for (const [what, change] of [
  ['another GUN', { gun: 'example.com/n/other' }],
  ['another role', { role: 'snapshot' }],
] as const) {
  test(`a row that somebody gave ${what} neither signs nor is announced`, async () => {
    const { db, under } = await fresh();
    const { keys } = under('one');
    const held = await keys.pending(owner, 'ecdsa', now);
    await db.updateTable('private_keys').set(change).execute();
    const moved = { ...held, ...change };
    await assert.rejects(keys.sign(moved, payload, now), { code: 'SIGNER_KEY_UNREADABLE' });
    // As another signer sees it that has not opened the key.
    const { keys: other } = under('one');
    await db.updateTable('private_keys').set({ last_used_at: null }).execute();
    await assert.rejects(other.pending({ ...owner, ...change }, 'ecdsa', now), {
      code: 'SIGNER_KEY_UNREADABLE',
    });
  });
}

const aliases: readonly [env: Record<string, string>, alias: string | undefined, code: string][] = [
  [{}, undefined, 'SIGNER_PASSPHRASE'],
  [{ NOTARY_SIGNER_DEFAULT_ALIAS: 'one' }, undefined, 'SIGNER_PASSPHRASE'],
  [{ NOTARY_SIGNER_ONE: '' }, 'one', 'SIGNER_PASSPHRASE'],
  [{ NOTARY_SIGNER_DEFAULT_ALIAS: 'x' }, 'default_alias', 'SIGNER_ALIAS'],
  [env, 'o/ne', 'SIGNER_ALIAS'],
  [env, '', 'SIGNER_ALIAS'],
];
for (const [variables, alias, code] of aliases) {
  test(`the alias ${alias} of ${JSON.stringify(variables)} is refused: ${code}`, () => {
    assert.throws(() => new Passphrases(variables, alias), { code });
  });
}

test('our variable goes before that of Notary', () => {
  const both = { NOTARY_SIGNER_DEFAULT: 'theirs', COUNTERMARK_SIGNER_DEFAULT: 'ours' };
  assert.equal(new Passphrases(both).of('default').reveal(), 'ours');
});

test("a record's header is that of Notary's signer, and every kind of key comes back", async () => {
  for (const [algorithm, { privateKey, publicKey }] of [
    ['ecdsa', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['ed25519', generateKeyPairSync('ed25519')],
    ['rsa', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ] as const) {
    const record = await sealRecord(privateKey, new Secret('p'));
    const header = Buffer.from(record.split('.')[0] ?? '', 'base64url').toString();
    assert.match(
      header,
      /^\{"alg":"PBES2-HS256\+A128KW","enc":"A256GCM","p2c":8192,"p2s":"[-\w]{16}"\}$/,
    );
    const opened = await openRecord(record, new Secret('p'), algorithm);
    assert.ok(createPublicKey(opened).equals(publicKey));
  }
});

test("a record that Debian's notary-signer wrote opens", async () => {
  const opened = await openRecord(debians.record, new Secret(debians.passphrase), 'ecdsa');
  const key = publicKey('ecdsa', createPublicKey(opened).export({ format: 'der', type: 'spki' }));
  assert.equal(key.id, debians.keyId);
});

test('a token without the package that talks to it is refused by name', async () => {
  const options = { module: '/lib/x.so', token: 'signer', pin: new Secret('1234') };
  const absent = () => Promise.reject(new Error('Cannot find package'));
  await assert.rejects(openToken(options, absent), { code: 'SIGNER_TOKEN_LIBRARY' });
});
