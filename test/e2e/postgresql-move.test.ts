/**
 * A store begins on SQLite and is moved into PostgreSQL: users, keys, metadata, history and the
 * numbers of the changefeed are the same there, clients go on, and nothing goes on with the file.
 */
import assert from 'node:assert/strict';
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { copyStore } from '../../src/adapters/sql/copy-store.ts';
import { openDatabase } from '../../src/adapters/sql/database.ts';
import { SqlMetadataStore } from '../../src/adapters/sql/trust/metadata-store.ts';
import { utf8 } from '../../src/base/index.ts';
import { parseGun, parseRoleName } from '../../src/tuf/index.ts';
import { ChainWorld } from '../support/chain-world.ts';
import { plainEnvironment, printed, runCommand, succeeded } from '../support/command.ts';
import { NotaryCli } from '../support/notary-cli.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { ServerProcess } from '../support/server-process.ts';

const hex = 'ab'.repeat(32);
const paula = { name: 'paula', password: 'a password of hers' };

let postgres: PostgresServer;
before(async () => {
  postgres = await PostgresServer.start();
});
after(() => postgres?.[Symbol.asyncDispose]());

test('a store is moved, and its clients go on', async () => {
  await using server = await ServerProcess.start();
  await server.addUser({ ...paula, role: 'producer', namespace: 'acme' });
  using notary = new NotaryCli(server, paula);
  const gun = `${server.host}/acme/app`;
  await notary.must(['init', gun, '-p']);
  await notary.must(['key', 'rotate', gun, 'snapshot', '-r']);
  await notary.must(['addhash', gun, 'v1', '1', '--sha256', hex, '-p']);
  const database = await postgres.emptyUrl();
  const move = (env: object) =>
    runCommand('npx', ['countermark', 'import', 'sqlite', '--data', server.data], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: { ...plainEnvironment(), ...env },
    });
  const COUNTERMARK_DATABASE = database;
  assert.match(printed(await move({ COUNTERMARK_DATABASE })), /DATA_FOLDER_IN_USE/);
  await server.stop();
  assert.match(printed(await move({})), /CONFIG_DATABASE/);
  const { stdout } = succeeded(await move({ COUNTERMARK_DATABASE }));
  assert.match(stdout, /^\d+ rows of \d+ tables are there, and were read again/);
  const file = join(server.data, 'store.sqlite');
  assert.ok(!existsSync(file) && existsSync(`${file}.moved`));

  await assert.rejects(server.up(), /DATABASE_MOVED/);
  assert.match(printed(await move({ COUNTERMARK_DATABASE })), /DATABASE_MOVED/);
  assert.ok(!existsSync(file));
  await server.up({ database });
  assert.deepEqual(
    (await notary.list(gun)).map(({ name }) => name),
    ['v1'],
  );
  await notary.must(['addhash', gun, 'v2', '1', '--sha256', hex, '-p']);
  await notary.must(['key', 'rotate', gun, 'timestamp', '-r']);
  using reader = new NotaryCli(server, paula);
  assert.deepEqual(
    (await reader.list(gun)).map(({ name }) => name),
    ['v1', 'v2'],
  );
  await server.stop();

  // Brought back by hand, it is still not copied over what is there.
  renameSync(`${file}.moved`, file);
  assert.match(printed(await move({ COUNTERMARK_DATABASE })), /DATABASE_NOT_EMPTY/);
  assert.ok(existsSync(file));
});

test('numbers stay, those used up too, and the history still holds', async () => {
  await using world = await ChainWorld.open(':memory:');
  await world.submit('staging/acme/app', '1');
  await world.settle();
  const store = new SqlMetadataStore(world.db);
  const [gone, kept] = [parseGun('h/gone'), parseGun('h/kept')];
  const bytes = utf8('odd \u0000 bytes \u{1f600}');
  const file = { role: parseRoleName('timestamp'), version: 1, sha256: hex, bytes };
  await store.publish(gone, [file], new Date(0));
  const query = { from: { afterId: 0 }, limit: 1_000 } as const;
  const changes = await store.changes(query);
  // The last ones of all: their numbers must not come again.
  await world.db.deleteFrom('changefeed').where('gun', '=', gone).execute();
  await world.db.deleteFrom('tuf_files').where('gun', '=', gone).execute();
  const before = await store.changes(query);

  const url = await postgres.emptyUrl();
  await using to = await openDatabase(url);
  const seen: number[] = [];
  const copied = await copyStore(world.db, to, (rows) => seen.push(rows));
  assert.equal(seen.at(-1), copied?.rows);
  const moved = new SqlMetadataStore(to);
  assert.deepEqual(await moved.changes(query), before);
  await moved.publish(kept, [file], new Date(0));
  const last = (await moved.changes({ from: 'newest', limit: 1 }))[0];
  assert.equal(last?.id, (changes.at(-1)?.id ?? 0) + 1);
  assert.deepEqual((await moved.current(kept, file.role))?.bytes, bytes);
  const history = await world.candidates.history(0, 1_000);
  await using there = await ChainWorld.open(url);
  assert.ok(history.length > 3);
  assert.deepEqual(await there.candidates.history(0, 1_000), history);
  await there.desk.verifyHistory();
  assert.equal(await copyStore(world.db, to, () => {}), undefined);
});
