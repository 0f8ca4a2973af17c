import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { sql } from 'kysely';
import { utf8 } from '../../base/index.ts';
import { barePublicKey, verifySignature } from '../../tuf/index.ts';
import { openSignerDatabase } from './database.ts';
import {
  DatabaseKeys,
  KeptKeys,
  KeyRows,
  type MovingKey,
  openedKeys,
  Passphrases,
  requireKeys,
  takeKeys,
} from './index.ts';

const now = new Date('2026-11-20T12:00:00Z');
const passphrases = new Passphrases({ NOTARY_SIGNER_ONE: 'the first' }, 'one');
const payload = utf8('{"_type":"Timestamp"}');
const p256 = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

function moving(privateKey: KeyObject, change: Partial<MovingKey> = {}): MovingKey {
  const key = barePublicKey(createPublicKey(privateKey));
  return {
    gun: 'example.com/n/app',
    role: 'timestamp',
    key,
    pending: false,
    privateKey,
    ...change,
  };
}

async function* from(...keys: readonly MovingKey[]): AsyncGenerator<MovingKey> {
  yield* keys;
}

async function fresh() {
  const db = await openSignerDatabase(':memory:');
  const rows = new KeyRows(db);
  const keys = new KeptKeys(rows, new DatabaseKeys(rows, passphrases));
  const take = (...moved: readonly MovingKey[]) =>
    takeKeys(db, from(...moved), { passphrases, now });
  const count = async () => (await db.selectFrom('private_keys').select('key_id').execute()).length;
  return { db, rows, keys, take, count };
}

for (const [method, privateKey] of [
  ['ecdsa', p256()],
  ['eddsa', generateKeyPairSync('ed25519').privateKey],
  ['rsapss', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
] as const) {
  test(`an ${method} key that was moved signs for its owner`, async () => {
    const { keys, take } = await fresh();
    const moved = moving(privateKey);
    assert.deepEqual(await take(moved), { moved: 1, there: 0, repositories: 1 });
    const held = await keys.find(moved.key.id);
    assert.deepEqual([held?.gun, held?.role], [moved.gun, moved.role]);
    assert.ok(held);
    const bytes = await keys.sign(held, payload, now);
    verifySignature(moved.key, { keyId: moved.key.id, method, bytes }, payload);
  });
}

test('a pending key goes on being announced, and one that was used is not', async () => {
  const { keys, take } = await fresh();
  const [pending, used] = [moving(p256(), { pending: true }), moving(p256())];
  await take(used, pending);
  assert.equal((await keys.pending(pending, 'ecdsa', now)).key.id, pending.key.id);
});

test('beside a pending key of the signer a second one is kept, and can be used', async () => {
  const { keys, take } = await fresh();
  const own = await keys.pending({ gun: 'example.com/n/app', role: 'timestamp' }, 'ecdsa', now);
  const second = moving(p256(), { pending: true });
  await take(second);
  assert.equal((await keys.pending(own, 'ecdsa', now)).key.id, own.key.id);
  const held = await keys.find(second.key.id);
  assert.ok(held);
  await keys.sign(held, payload, now);
});

test('moving again moves nothing, and a key that was deleted comes back', async () => {
  const { keys, take } = await fresh();
  const [one, two] = [moving(p256()), moving(p256(), { role: 'snapshot' })];
  await take(one, two);
  assert.deepEqual(await take(one, two), { moved: 0, there: 2, repositories: 1 });
  await keys.remove(two.key.id, now);
  assert.deepEqual(await take(one, two), { moved: 1, there: 1, repositories: 1 });
  assert.ok(await keys.find(two.key.id));
});

test('a trial writes nothing', async () => {
  const { db, count } = await fresh();
  const taken = await takeKeys(db, from(moving(p256())), { passphrases, now, dryRun: true });
  assert.equal(taken.moved, 1);
  assert.equal(await count(), 0);
});

test('keys of another signer are opened with its aliases', async () => {
  const [there, here] = [await fresh(), await fresh()];
  const held = await there.keys.pending(
    { gun: 'example.com/n/a', role: 'snapshot' },
    'ed25519',
    now,
  );
  const source = openedKeys(there.rows, passphrases);
  assert.equal((await takeKeys(here.db, source, { passphrases, now })).moved, 1);
  assert.equal((await here.keys.pending(held, 'ed25519', now)).key.id, held.key.id);
});

const other = p256();
const good = moving(p256());
const taken = moving(p256());
const wrong: readonly [what: string, code: string, () => AsyncGenerator<MovingKey>][] = [
  [
    'whose halves do not belong together',
    'SIGNER_MOVE_KEY',
    () => from(good, moving(other, { key: barePublicKey(createPublicKey(p256())) })),
  ],
  [
    'that the signer has for another GUN',
    'SIGNER_MOVE_ELSEWHERE',
    () => from(good, { ...taken, gun: 'example.com/n/other' }),
  ],
  [
    'that the signer has for another role',
    'SIGNER_MOVE_ELSEWHERE',
    () => from(good, { ...taken, role: 'snapshot' }),
  ],
  [
    'that comes twice, for two owners',
    'SIGNER_MOVE_ELSEWHERE',
    () => from(good, { ...good, role: 'snapshot' }),
  ],
  [
    'after which the source fails',
    'ECONNRESET',
    async function* () {
      yield good;
      throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
    },
  ],
];
for (const [what, code, source] of wrong) {
  test(`a key ${what} ends it, and none is moved`, async () => {
    const { db, take, count } = await fresh();
    await take(taken);
    await assert.rejects(takeKeys(db, source(), { passphrases, now }), { code });
    assert.equal(await count(), 1);
  });
}

test('a database that fails within the writing has none of them', async () => {
  const { db, count } = await fresh();
  const keys = [moving(p256()), moving(p256(), { role: 'snapshot' }), moving(p256())];
  const last = keys.toSorted((a, b) => (a.key.id < b.key.id ? -1 : 1)).at(-1);
  await sql
    .raw(
      `create trigger full before insert on private_keys when new.key_id = '${last?.key.id}'
       begin select raise(abort, 'the disk is full'); end`,
    )
    .execute(db);
  await assert.rejects(takeKeys(db, from(...keys), { passphrases, now }), /the disk is full/);
  assert.equal(await count(), 0);
});

test('keys are shown to be there by opening and signing, or the first that is not is named', async () => {
  const { db, rows, take } = await fresh();
  await take(good, taken);
  const held = await requireKeys(db, from(good, taken), passphrases);
  assert.deepEqual(held, [good.key.id, taken.key.id]);
  const absent = moving(p256());
  await assert.rejects(requireKeys(db, from(good, absent), passphrases), {
    code: 'SIGNER_MOVE_MISSING',
  });
  const row = await rows.find(good.key.id);
  await rows.reseal(taken.key.id, row?.private ?? '', 'one');
  await assert.rejects(requireKeys(db, from(good, taken), passphrases), {
    code: 'SIGNER_KEY_UNREADABLE',
  });
});
