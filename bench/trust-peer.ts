import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { plainEnvironment, runCommand, succeeded } from '../test/support/command.ts';
import { freePort } from '../test/support/free-port.ts';
import { makeNotaryTokens } from '../test/support/notary-tokens.ts';
import { wireRequest } from '../test/support/wire-request.ts';

/** A trust server that the bench asks: ours or a peer. */
export interface TrustSubject extends AsyncDisposable {
  readonly name: string;
  /** `https://127.0.0.1:PORT` */
  readonly origin: string;
  /** A token for these GUNs by GUN; nothing where everybody may do everything. */
  tokens(guns: readonly string[]): Promise<Readonly<Record<string, string>>>;
}

/**
 * Debian's notary-server over TLS with its keys in memory, and its metadata there or in PostgreSQL.
 * @param access  who may ask: everybody, or whoever bears a token, which it verifies each time
 */
export async function startNotaryServer(
  storage: 'memory' | 'postgres',
  access: 'open' | 'tokens' = 'open',
): Promise<TrustSubject> {
  await using undo = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'cm-bench-notary-'));
  undo.defer(() => rmSync(folder, { recursive: true, force: true }));
  const database = storage === 'postgres' ? await startPostgres(undo) : undefined;
  if (database) succeeded(await psql(database, notaryTables));
  const address = `127.0.0.1:${await freePort()}`;
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const request = ['req', '-x509', '-days', '2', ...curve, '-subj', '/CN=127.0.0.1'];
  succeeded(await runCommand('openssl', [...request, '-keyout', key, '-out', cert]));
  const tokens = access === 'tokens' ? await makeNotaryTokens(folder) : undefined;
  const config = join(folder, 'notary.json');
  writeFileSync(
    config,
    JSON.stringify({
      server: { http_addr: address, tls_cert_file: cert, tls_key_file: key },
      trust_service: { type: 'local', key_algorithm: 'ecdsa' },
      storage: database
        ? { backend: 'postgres', db_url: `${database}?sslmode=disable` }
        : { backend: 'memory' },
      logging: { level: 'error' },
      ...(tokens && { auth: tokens.auth }),
    }),
  );
  const server = spawn('notary-server', ['-config', config], {
    env: plainEnvironment(),
    stdio: 'ignore',
  });
  undo.defer(() => end(server, 'SIGKILL'));
  const origin = `https://${address}`;
  await until(async () => [200, 401].includes((await wireRequest(`${origin}/v2/`)).status));
  const open = undo.move();
  return {
    name: `notary-server, ${storage}${tokens ? ', tokens' : ''}`,
    origin,
    tokens: async (guns) =>
      tokens ? Object.fromEntries(guns.map((gun) => [gun, tokens.tokenFor(gun)])) : {},
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** A durable PostgreSQL with nothing in it. @returns its URL */
export async function startPostgres(undo: AsyncDisposableStack): Promise<string> {
  const programs = globSync('/usr/lib/postgresql/*/bin').sort().at(-1) ?? '/usr/bin';
  const folder = mkdtempSync(join(tmpdir(), 'cm-bench-postgres-'));
  undo.defer(() => rmSync(folder, { recursive: true, force: true }));
  const [uid, gid] = await idsOf('postgres');
  chownSync(folder, uid, gid);
  const as = { uid, gid, cwd: folder, env: plainEnvironment() };
  const data = join(folder, 'data');
  await ended(spawn(join(programs, 'initdb'), ['-D', data, '-U', 'notary', '-A', 'trust'], as));
  const port = await freePort();
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'max_connections=200'];
  settings.push(`unix_socket_directories=${folder}`);
  const flags = settings.flatMap((setting) => ['-c', setting]);
  const server = spawn(join(programs, 'postgres'), ['-D', data, ...flags], {
    ...as,
    stdio: 'ignore',
  });
  undo.defer(() => end(server, 'SIGINT'));
  const url = `postgres://notary@127.0.0.1:${port}/postgres`;
  await until(async () => (await psql(url, 'select 1')).code === 0);
  return url;
}

function psql(url: string, statement: string) {
  return runCommand('psql', ['-v', 'ON_ERROR_STOP=1', '-c', statement, url]);
}

/** As Notary's own migrations leave them. @see notary 0.7.0 migrations/server/postgresql */
const notaryTables = `
  create table change_category (category varchar(20) primary key);
  insert into change_category values ('update'), ('deletion');
  create table tuf_files (
    id serial primary key, created_at timestamp, updated_at timestamp, deleted_at timestamp,
    gun varchar(255) not null, role varchar(255) not null, version integer not null,
    data bytea not null, sha256 char(64) default null, unique (gun, role, version));
  create index tuf_files_sha256_idx on tuf_files (sha256);
  create table changefeed (
    id serial primary key, created_at timestamp default current_timestamp,
    gun varchar(255) not null, version integer not null, sha256 char(64) default null,
    category varchar(20) not null default 'update' references change_category);
  create index idx_changefeed_gun on changefeed (gun)`;

async function idsOf(user: string): Promise<[uid: number, gid: number]> {
  const of = async (flag: string) => {
    const { stdout } = succeeded(await runCommand('id', [flag, user]));
    return Number(stdout);
  };
  return [await of('-u'), await of('-g')];
}

async function ended(child: ChildProcess): Promise<void> {
  child.stdout?.resume();
  child.stderr?.resume();
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error(`${child.spawnfile} exited ${code}`);
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await exited;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const limit = Date.now() + 20_000; Date.now() < limit; await sleep(100)) {
    if (await holds().catch(() => false)) return;
  }
  throw new Error('a peer of the bench did not become ready within 20 s');
}
