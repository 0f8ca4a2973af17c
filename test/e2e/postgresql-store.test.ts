/** The product on PostgreSQL: two processes, one database, one data folder. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCommand } from '../support/command.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { admin, ServerProcess } from '../support/server-process.ts';

const origin = 'store.example';
let postgres: PostgresServer;
let shared: string;
before(async () => {
  postgres = await PostgresServer.start();
  shared = mkdtempSync(join(tmpdir(), 'cm-shared-'));
});
after(async () => {
  await postgres[Symbol.asyncDispose]();
  rmSync(shared, { recursive: true });
});

test('two stores that start together are one store', async () => {
  const database = await postgres.emptyUrl();
  const options = { database, data: join(shared, 'data'), origin };
  const started = await Promise.all([ServerProcess.start(options), ServerProcess.start(options)]);
  await using one = started[0];
  await using two = started[1];

  await one.addUser({ name: 'paula', password: 'a password for a test', role: 'consumer' });
  const users = await two.api<{ users: { name: string }[] }>('GET', '/users');
  assert.match(JSON.stringify(users), /paula/);
  await two.cli(['candidate', 'list'], { as: { ...admin, password: 'wrong' } }).then((answer) => {
    assert.notEqual(answer.code, 0);
  });

  // The password of the database is nowhere to be seen.
  const { password } = new URL(database);
  const processes = await runCommand('ps', ['-ww', '-eo', 'args']);
  for (const said of [one.log, two.log, processes.stdout]) assert.ok(!said.includes(password));
  assert.match(one.log + two.log, /database {7}postgres:\/\/127\.0\.0\.1:\d+\/store1/);

  // One that is killed holds nothing up: it has no lock that outlives it.
  await one.kill();
  await two.restart(options);
  await one.up(options);
  assert.match(JSON.stringify(await one.api('GET', '/users')), /paula/);
  assert.equal(readFileSync(join(shared, 'data/secrets/keys.key')).length, 32);
});

test('a database that cannot be opened is named without its password', async () => {
  const url = new URL(await postgres.emptyUrl());
  url.password = 'wrong-and-secret';
  await assert.rejects(
    ServerProcess.start({ database: url.href }),
    ({ message }: Error) =>
      message.includes('DATABASE_FAILED') && !message.includes('wrong-and-secret'),
  );
});
