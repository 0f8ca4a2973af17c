import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { RemoteRoleKeys } from '../../src/adapters/keys/index.ts';
import { openRecord, sealRecord } from '../../src/adapters/signer-keys/key-record.ts';
import { NodePostgres } from '../../src/adapters/sql/node-postgres.ts';
import { moveKeys } from '../../src/app/operations/move-keys.ts';
import { reencrypt } from '../../src/app/signer/signer.ts';
import { Secret, utf8 } from '../../src/base/index.ts';
import { healthServices } from '../../src/signer/index.ts';
import { barePublicKey, verifySignature } from '../../src/tuf/index.ts';
import { roleKeysContract } from '../contract/role-keys.ts';
import { PostgresServer, postgresFolder } from '../support/postgres-server.ts';
import { passphraseOfOne, SignerWorld } from '../support/signer-world.ts';

/*
 * Debian's notary-signer 0.7 with its keys in PostgreSQL: it remembers pending keys there, and what
 * either signer writes into a record the other reads. And ours with its keys there.
 */
const skip = postgresFolder() ? false : 'PostgreSQL is not installed (apt-get install postgresql)';
if (skip && process.env.CI) throw new Error(skip);
const payload = utf8('{"_type":"Timestamp"}');
let postgres: PostgresServer;
let db: Kysely<unknown>;
let world: SignerWorld;
let address = '';

if (!skip) {
  before(async () => {
    postgres = await PostgresServer.start();
    const url = await postgres.emptyUrl();
    db = new Kysely({ dialect: new PostgresDialect({ pool: new NodePostgres(url) }) });
    await sql.raw(table).execute(db);
    world = new SignerWorld();
    ({ address } = await world.debians(url));
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
    await db?.destroy();
    await postgres?.[Symbol.asyncDispose]();
  });

  roleKeysContract("Debian's notary-signer on PostgreSQL, over gRPC", async () => ({
    keys: new RemoteRoleKeys(world.connect(address), async () => undefined),
    close: async () => {},
  }));
}

if (!skip) {
  /** Two of our signers on one new database, each in turn. */
  const ours = async () => {
    const own = new SignerWorld();
    const env = {
      NOTARY_SIGNER_DEFAULT: 'a passphrase',
      COUNTERMARK_SIGNER_DATABASE: await postgres.emptyUrl(),
    };
    // They make the table at the same moment.
    const signers = await Promise.all([own.ours({}, env), own.ours({}, env)]);
    return { own, env, signers };
  };

  roleKeysContract('our signer on PostgreSQL', async () => {
    const { own, signers } = await ours();
    const keys = new RemoteRoleKeys(own.connect(signers[0].address), async () => undefined);
    return { keys, close: () => own[Symbol.asyncDispose]() };
  });

  test('what one of two signers on a database made, the other signs with, and announces', async () => {
    const { own, env, signers } = await ours();
    await using _world = own;
    const [one, two] = signers.map(({ address }) => own.connect(address));
    assert.ok(one && two);
    const asked = Array.from({ length: 8 }, (_, i) =>
      [one, two][i % 2]?.createKey('example.com/n/two', 'timestamp'),
    );
    const [keyId = '', ...others] = new Set((await Promise.all(asked)).map((key) => key?.keyId));
    assert.deepEqual(others, [], 'all are told one pending key');
    const { method, content } = await two.sign(keyId, payload);
    const info = (await one.keyInfo(keyId)) ?? assert.fail();
    const key = barePublicKey(
      createPublicKey({ key: Buffer.from(info.publicBytes), format: 'der', type: 'spki' }),
    );
    verifySignature(key, { keyId: key.id, method, bytes: content }, payload);
    assert.notEqual((await one.createKey('example.com/n/two', 'timestamp')).keyId, keyId);

    const next = { ...env, NOTARY_SIGNER_NEXT: 'the next one' };
    assert.equal(await reencrypt({ data: own.data, defaultAlias: 'next' }, next), 2);
    await two.sign(keyId, payload);
    assert.ok(!existsSync(join(own.data, 'signer.sqlite')));
  });

  test('the keys of a data folder move into a database', async () => {
    const { own, env } = await ours();
    await using _world = own;
    const from = await own.ours({ data: join(own.folder, 'before') });
    const { keyId } = await own.connect(from.address).createKey('example.com/n/moves', 'snapshot');
    await from.stop();
    const question = { data: own.data, fromSigner: join(own.folder, 'before') };
    const options = { env, clock: () => new Date() };
    const all = { ...question, dryRun: false, removeFromStore: false };
    assert.equal((await moveKeys(all, () => {}, options)).moved, 1);
    const { address } = await own.ours({}, env);
    assert.equal((await own.connect(address).keyInfo(keyId))?.gun, 'example.com/n/moves');
  });

  test('while its database is away a signer says so, and then goes on', async () => {
    const { own, signers } = await ours();
    await using _world = own;
    const signer = own.connect(signers[0].address);
    const { keyId } = await signer.createKey('example.com/n/away', 'timestamp');
    assert.equal(await signer.isServing(healthServices[0] ?? ''), true);
    await postgres.crash('immediate');
    for (const call of [signer.sign(keyId, payload), signer.isServing(healthServices[0] ?? '')]) {
      await assert.rejects(call, (error: { code?: string; detail?: { reason?: string } }) => {
        assert.deepEqual(
          [error.code, error.detail?.reason],
          ['TRUST_SIGNER_UNAVAILABLE', 'UNAVAILABLE'],
        );
        return true;
      });
    }
    await postgres.up();
    for (const until = Date.now() + 20_000; ; await sleep(100)) {
      const isBack = await signer.isServing(healthServices[0] ?? '').catch(() => false);
      if (isBack) break;
      assert.ok(Date.now() < until, 'it does not come back');
    }
    await signer.sign(keyId, payload);
  });
}

test("flow 17: a record that Debian's signer wrote is read by ours", { skip }, async () => {
  const { keyId } = await world.connect(address).createKey('example.com/n/read', 'timestamp');
  const { rows } = await sql<{
    private: Uint8Array;
  }>`select private from private_keys where key_id = ${keyId}`.execute(db);
  const record = Buffer.from(rows[0]?.private ?? []).toString('latin1');
  const key = await openRecord(record, new Secret(passphraseOfOne), 'ecdsa');
  assert.equal(barePublicKey(createPublicKey(key)).id, keyId);
});

for (const [type, pair] of [
  ['ecdsa', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['ed25519', generateKeyPairSync('ed25519')],
] as const) {
  test(`flow 17: a record of ${type} that ours wrote signs in Debian's signer`, {
    skip,
  }, async () => {
    const key = barePublicKey(pair.publicKey);
    const record = await sealRecord(pair.privateKey, new Secret(passphraseOfOne));
    await sql`insert into private_keys (key_id, encryption_alg, keywrap_alg, algorithm,
        passphrase_alias, public, private, gun, role, created_at, updated_at)
      values (${key.id}, 'A256GCM', 'PBES2-HS256+A128KW', ${type}, 'one', ${Buffer.from(key.bytes)},
        ${Buffer.from(record)}, 'example.com/n/written', 'timestamp', now(), now())`.execute(db);
    const connection = world.connect(address);
    assert.equal((await connection.keyInfo(key.id))?.role, 'timestamp');
    const { keyId, method, content } = await connection.sign(key.id, payload);
    verifySignature(key, { keyId: key.id, method, bytes: content }, payload);
    assert.equal(keyId, key.id);
  });
}

// As the upstream migrations leave it.
const table = `create table private_keys (
  id serial primary key, created_at timestamp, updated_at timestamp, deleted_at timestamp,
  key_id varchar(255) not null unique, encryption_alg varchar(255) not null,
  keywrap_alg varchar(255) not null, algorithm varchar(50) not null,
  passphrase_alias varchar(50) not null, public bytea not null, private bytea not null,
  gun varchar(255) not null, role varchar(255) not null, last_used timestamp,
  unique (key_id, algorithm))`;
