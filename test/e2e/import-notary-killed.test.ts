import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { plainEnvironment, runCommand, succeeded } from '../support/command.ts';
import { ownProgram, runOwn } from '../support/own-program.ts';
import { NotaryServers, signerPassphrase } from '../support/peers-notary.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { publishedOn, WireTrust } from '../support/wire-publisher.ts';

/*
 * An import is killed again and again, each time in another stage, and begun again: from dumps of the
 * databases of notary-server and notary-signer, and from the server itself. After each kill every repository is
 * here whole, with its keys, or not at all; in the end all are, byte for byte, and none twice.
 */
const repositories = 30;
const folder = mkdtempSync(join(tmpdir(), 'cm-killed-'));
const env = { ...plainEnvironment(), HOME: folder, NOTARY_SIGNER_ALIAS1: signerPassphrase };
const dumps = { server: join(folder, 'server.sql'), signer: join(folder, 'signer.sql') };
let postgres: PostgresServer;
let old: NotaryServers;
/** SHA-256 by GUN, role and version, as PostgreSQL has them. */
let expected: Map<string, string>;
let keys: ReadonlyMap<string, string>;

before(async () => {
  postgres = await PostgresServer.start();
  old = await NotaryServers.start([await postgres.emptyUrl(), await postgres.emptyUrl()]);
  const agent = new Agent({ keepAlive: true, ca: readFileSync(old.certificateFile) });
  const trust = new WireTrust(old.url, { agent });
  for (let at = 0; at < repositories; at++) {
    await publishedOn(trust, `docker.example/acme/app${at}`, new Date());
  }
  agent.destroy();
  expected = await rowsOf(
    old.serverDatabase,
    "select gun || ' ' || role || ' ' || version as name, encode(sha256(data), 'hex') as value from tuf_files where deleted_at is null",
  );
  keys = await rowsOf(old.signerDatabase, 'select key_id as name, gun as value from private_keys');
  assert.ok(expected.size >= 5 * repositories);
  for (const [url, file] of [
    [old.serverDatabase, dumps.server],
    [old.signerDatabase, dumps.signer],
  ] as const) {
    succeeded(await runCommand('pg_dump', ['--format=plain', '--file', file, url]));
  }
});

after(async () => {
  await old?.[Symbol.asyncDispose]();
  await postgres?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function rowsOf(url: string, query: string): Promise<Map<string, string>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string; value: string }>(query);
    return new Map(rows.map(({ name, value }) => [name, value]));
  } finally {
    await client.end();
  }
}

/** When to kill: after so long, or when so many lines of progress came; `report`: when it is printed. */
type Moment = { readonly afterMs: number } | { readonly lines: number } | { readonly report: true };

/** @returns false when it had ended before */
function killed(
  args: readonly string[],
  moment: Moment,
  variables: Record<string, string> = {},
): Promise<boolean> {
  return new Promise((resolve) => {
    const [file, ...first] = ownProgram();
    const child = spawn(file, [...first, ...args], {
      env: { ...env, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const kill = () => child.kill('SIGKILL');
    const atExit = () => kill();
    process.once('exit', atExit);
    const timer = 'afterMs' in moment ? setTimeout(kill, moment.afterMs) : undefined;
    let lines = 0;
    child.stdout.on('data', () => 'report' in moment && kill());
    child.stderr.on('data', (text) => {
      lines += String(text).split('\n').length - 1;
      if ('lines' in moment && lines >= moment.lines) kill();
    });
    child.once('exit', (_code, signal) => {
      clearTimeout(timer);
      process.removeListener('exit', atExit);
      resolve(signal === 'SIGKILL');
    });
  });
}

interface Found {
  readonly files: Map<string, string>;
  readonly keys: Map<string, string>;
  readonly changes: readonly string[];
}

/** What a data folder has; nothing when there is no database in it yet. */
function found(data: string): Found {
  try {
    using database = new DatabaseSync(join(data, 'store.sqlite'), { readOnly: true });
    const all = (query: string) =>
      database.prepare(query).all() as { name: string; value: string; bytes?: Uint8Array }[];
    const files = all(
      "select gun || ' ' || role || ' ' || version as name, sha256 as value, bytes from tuf_files",
    );
    return {
      files: new Map(files.map(({ name, bytes }) => [name, sha256(bytes)])),
      keys: new Map(
        all(
          "select key_id as name, gun as value from private_keys where role in ('snapshot', 'timestamp')",
        ).map(({ name, value }) => [name, value]),
      ),
      changes: all('select gun as name, version as value from changefeed').map(({ name }) => name),
    };
  } catch (error) {
    if (/unable to open|no such table/.test(String(error))) {
      return { files: new Map(), keys: new Map(), changes: [] };
    }
    throw error;
  }
}

const gunOf = (name: string) => name.split(' ', 1)[0] ?? '';

/** @param withKeys  whether the source has them @returns how many repositories are here */
function requireWhole({ files, keys: held, changes }: Found, withKeys: boolean): number {
  const guns = new Set([...files.keys()].map(gunOf));
  for (const [name, hash] of expected) {
    if (guns.has(gunOf(name))) assert.equal(files.get(name), hash, `${name} is lost`);
  }
  for (const name of files.keys()) assert.ok(expected.has(name), `${name} came from nowhere`);
  assert.deepEqual([...changes].sort(), [...guns].sort(), 'one line of the changefeed each');
  const wanted = withKeys ? [...keys].filter(([, gun]) => guns.has(gun)) : [];
  assert.deepEqual([...held].sort(), wanted.sort());
  return guns.size;
}

const sources = {
  'dumps of the databases': () => ['--server-dump', dumps.server, '--signer-dump', dumps.signer],
  'the server': () => [
    ...['--from', old.url, '--cacert', old.certificateFile, '--prefix', 'docker.example/'],
  ],
};
for (const [what, source] of Object.entries(sources)) {
  test(`an import from ${what} that is killed in every stage loses and doubles nothing`, async () => {
    const withKeys = what !== 'the server';
    // From dumps all may be written before somebody sees the first line; from the server too, on a busy machine.
    for (let round = 1; ; round++) {
      const data = join(folder, `${what.replaceAll(' ', '-')}-${round}`);
      const args = ['import', 'notary', '--data', data, ...source()];
      const counts = await killedInEveryStage(args, data, withKeys);
      await ended(args, data, withKeys);
      if (withKeys || counts.some((count) => count > 0 && count < repositories)) break;
      assert.ok(round < 5, `never killed between writes: ${counts.join()}`);
    }
  });
}

/** @returns how many repositories were there after each kill */
async function killedInEveryStage(
  args: readonly string[],
  data: string,
  withKeys: boolean,
): Promise<readonly number[]> {
  const counts: number[] = [];
  const stage = async (moment: Moment) => {
    const isKilled = await killed(args, moment);
    const count = requireWhole(found(data), withKeys);
    assert.ok(isKilled || count === repositories, JSON.stringify(moment));
    counts.push(count);
  };
  const startedAt = performance.now();
  await stage({ report: true });
  const untilReport = performance.now() - startedAt;
  for (const part of [0.15, 0.35]) await stage({ afterMs: part * untilReport });
  for (const lines of [1, 1, 2, 4]) await stage({ lines });
  return counts;
}

/** Lets an import come to its end, and once more. */
async function ended(args: readonly string[], data: string, withKeys: boolean): Promise<void> {
  const end = succeeded(await runOwn(args, { env }));
  assert.match(end.stdout, /, 0 refused/);
  const last = found(data);
  assert.equal(requireWhole(last, withKeys), repositories);
  assert.deepEqual([...last.files.keys()].sort(), [...expected.keys()].sort());
  const again = succeeded(await runOwn(args, { env }));
  assert.match(again.stdout, new RegExp(`0 imported \\(0 files\\), ${repositories} here already`));
}

test('moving the keys of a signer that is killed at any moment moves all or none', async () => {
  const passphrase = { COUNTERMARK_SIGNER_DEFAULT: 'of the new signer' };
  const move = (name: string) =>
    ['signer', 'import', '--data', join(folder, name), '--notary-db', old.signerDatabase] as const;
  const held = (name: string) => {
    const file = join(folder, name, 'signer.sqlite');
    if (!existsSync(file)) return 0;
    using database = new DatabaseSync(file, { readOnly: true });
    const tables = database.prepare("select 1 from sqlite_master where name = 'private_keys'");
    if (tables.all().length === 0) return 0;
    return Number(database.prepare('select count(*) as n from private_keys').get()?.n);
  };
  const done = async (name: string) =>
    succeeded(
      await runOwn(move(name), {
        env: { ...env, ...passphrase },
      }),
    ).stdout;
  const startedAt = performance.now();
  await done('measured');
  const takesMs = performance.now() - startedAt;
  let kills = 0;
  for (const part of [0.1, 0.3, 0.6, 0.75, 0.9]) {
    if (await killed(move('killed'), { afterMs: part * takesMs }, passphrase)) kills++;
    const count = held('killed');
    assert.ok(count === 0 || count === keys.size, `${count} of ${keys.size} keys`);
  }
  assert.ok(kills > 0, 'killed before it had ended');
  await done('killed');
  assert.equal(held('killed'), keys.size);
  assert.match(await done('killed'), /, 0 of them moved now;/);
});

function sha256(bytes: Uint8Array | undefined): string {
  return createHash('sha256')
    .update(bytes ?? new Uint8Array())
    .digest('hex');
}
