import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { RemoteRoleKeys } from '../../src/adapters/keys/index.ts';
import { openRecord, sealRecord } from '../../src/adapters/signer-keys/key-record.ts';
import { NodePostgres } from '../../src/adapters/sql/node-postgres.ts';
import { Secret, utf8 } from '../../src/base/index.ts';
import { barePublicKey, verifySignature } from '../../src/tuf/index.ts';
import { roleKeysContract } from '../contract/role-keys.ts';
import { PostgresServer, postgresFolder } from '../support/postgres-server.ts';
import { passphraseOfOne, SignerWorld } from '../support/signer-world.ts';

/*
 * Debian's notary-signer 0.7 with its keys in PostgreSQL: it remembers pending keys there, and what
 * either signer writes into a record the other reads.
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
