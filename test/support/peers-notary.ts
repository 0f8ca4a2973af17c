import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { plainEnvironment, runCommand, succeeded } from './command.ts';
import { freePort } from './free-port.ts';
import { wireRequest } from './wire-request.ts';

/** What the upstream migrations of notary 0.7 end with. */
const serverSchema = `
  create table tuf_files (
    id serial primary key, created_at timestamp null, updated_at timestamp null,
    deleted_at timestamp null, gun varchar(255) not null, role varchar(255) not null,
    version integer not null, data bytea not null, sha256 char(64) default null,
    unique (gun, role, version));
  create index tuf_files_sha256_idx on tuf_files (sha256);
  create table change_category (category varchar(20) primary key);
  insert into change_category values ('update'), ('deletion');
  create table changefeed (
    id serial primary key, created_at timestamp default current_timestamp,
    gun varchar(255) not null, version integer not null, sha256 char(64) default null,
    category varchar(20) not null default 'update' references change_category);
  create index idx_changefeed_gun on changefeed (gun)`;
const signerSchema = `
  create table private_keys (
    id serial primary key, created_at timestamp null, updated_at timestamp null,
    deleted_at timestamp null, key_id varchar(255) not null unique,
    encryption_alg varchar(255) not null, keywrap_alg varchar(255) not null,
    algorithm varchar(50) not null, passphrase_alias varchar(50) not null,
    public bytea not null, private bytea not null, gun varchar(255) not null,
    role varchar(255) not null, last_used timestamp null, unique (key_id, algorithm))`;

/** Passphrase of the alias `alias1`, in `NOTARY_SIGNER_ALIAS1`. */
export const signerPassphrase = 'the passphrase of the signer';

/**
 * Debian's notary-server and notary-signer 0.7, over TLS, on two databases of PostgreSQL or MariaDB:
 * what an operator who runs Notary has.
 */
export class NotaryServers implements AsyncDisposable {
  readonly url: string;
  readonly certificateFile: string;
  readonly serverDatabase: string;
  readonly signerDatabase: string;
  /** Where notary-server looks for its signer. */
  readonly signerAddress: string;
  readonly keyFile: string;
  readonly #folder: string;
  readonly #children: readonly ChildProcess[];

  private constructor(values: {
    url: string;
    certificateFile: string;
    keyFile: string;
    signerAddress: string;
    databases: readonly [string, string];
    folder: string;
    children: readonly ChildProcess[];
  }) {
    this.url = values.url;
    this.certificateFile = values.certificateFile;
    [this.serverDatabase, this.signerDatabase] = values.databases;
    this.keyFile = values.keyFile;
    this.signerAddress = values.signerAddress;
    this.#folder = values.folder;
    this.#children = values.children;
    process.once('exit', this.#atExit);
  }

  /** @param databases  two empty ones, as `postgres://` or `mysql://` URLs: for the server, for the signer */
  static async start(databases: readonly [string, string]): Promise<NotaryServers> {
    const folder = mkdtempSync(join(tmpdir(), 'cm-notary-servers-'));
    const [serverPort, signerPort] = [await freePort(), await freePort()];
    const certificateFile = await makeCertificate(folder);
    const keyFile = join(folder, 'key.pem');
    await define(databases[0], serverSchema);
    await define(databases[1], signerSchema);
    const own = { tls_cert_file: certificateFile, tls_key_file: keyFile };
    const signer = {
      server: {
        grpc_addr: `127.0.0.1:${signerPort}`,
        ...own,
        client_ca_file: certificateFile,
      },
      logging: { level: 'error' },
      storage: { ...storageOf(databases[1]), default_alias: 'alias1' },
    };
    const server = {
      server: { http_addr: `127.0.0.1:${serverPort}`, ...own },
      trust_service: {
        type: 'remote',
        hostname: '127.0.0.1',
        port: String(signerPort),
        tls_ca_file: certificateFile,
        key_algorithm: 'ecdsa',
        tls_client_cert: certificateFile,
        tls_client_key: keyFile,
      },
      logging: { level: 'error' },
      storage: storageOf(databases[0]),
    };
    const log: string[] = [];
    const env = { ...plainEnvironment(), NOTARY_SIGNER_ALIAS1: signerPassphrase };
    const start = (program: string, config: object) => {
      const file = join(folder, `${program}.json`);
      writeFileSync(file, JSON.stringify(config));
      const child = spawn(program, ['-config', file], { env, stdio: ['ignore', 'pipe', 'pipe'] });
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (text) => log.push(String(text)));
      }
      return child;
    };
    const children = [start('notary-signer', signer), start('notary-server', server)];
    const url = `https://127.0.0.1:${serverPort}`;
    const signerAddress = `127.0.0.1:${signerPort}`;
    const places = { url, certificateFile, keyFile, signerAddress };
    const servers = new NotaryServers({ ...places, databases, folder, children });
    for (const until = Date.now() + 20_000; Date.now() < until; await sleep(100)) {
      // Its health is asked every ten seconds only; a key shows that the signer answers too.
      const key = `${url}/v2/docker.example/ready/_trust/tuf/timestamp.key`;
      const answer = await wireRequest(key).catch(() => undefined);
      if (answer?.status === 200) return servers;
    }
    await servers[Symbol.asyncDispose]();
    throw new Error(`notary-server did not become ready\n${log.join('').slice(-2_000)}`);
  }

  /** notary-server goes on, without a signer. */
  async stopSigner(): Promise<void> {
    const [signer] = this.#children;
    if (signer) await ended(signer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.removeListener('exit', this.#atExit);
    await Promise.all(this.#children.map(ended));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #atExit = (): void => {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exited;
}

/** As notary's drivers want it. */
function storageOf(url: string) {
  if (!url.startsWith('mysql:')) return { backend: 'postgres', db_url: `${url}?sslmode=disable` };
  const { username, password, host, pathname } = new URL(url);
  const db_url = `${username}:${password}@tcp(${host})${pathname}?parseTime=True`;
  return { backend: 'mysql', db_url };
}

async function define(url: string, schema: string): Promise<void> {
  if (url.startsWith('mysql:')) {
    const connection = await createConnection({ uri: url, multipleStatements: true });
    await connection.query(forMysql(schema));
    return await connection.end();
  }
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(schema);
  await client.end();
}

function forMysql(schema: string): string {
  return schema
    .replaceAll('serial primary key', 'int not null auto_increment primary key')
    .replaceAll('bytea', 'longblob');
}

async function makeCertificate(folder: string): Promise<string> {
  const file = join(folder, 'cert.pem');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const name = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  succeeded(
    await runCommand('openssl', [
      ...['req', '-x509', '-days', '2', ...key, ...name],
      ...['-keyout', join(folder, 'key.pem'), '-out', file],
    ]),
  );
  return file;
}
