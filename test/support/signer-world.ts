import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { SignerConnection } from '../../src/adapters/keys/signer-connection.ts';
import { addClient, initPki, readPem } from '../../src/app/signer/pki.ts';
import { startSigner } from '../../src/app/signer/signer.ts';
import { Secret } from '../../src/base/index.ts';
import type { SignerFlags } from '../../src/cli/index.ts';
import { healthServices } from '../../src/signer/index.ts';
import { plainEnvironment } from './command.ts';
import { freePort } from './free-port.ts';
import { PeerProcess } from './peer-process.ts';

/** Of the alias `one` of Debian's signer. */
export const passphraseOfOne = 'the passphrase of one';

const silent = pino({ level: 'silent' });

/** Certificates of `pki init` in a folder of their own, and signers that use them. */
export class SignerWorld implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'cm-signer-'));
  readonly pki = join(this.folder, 'pki');
  readonly data = join(this.folder, 'data');
  readonly #open = new AsyncDisposableStack();

  constructor() {
    initPki(this.pki, [], new Date());
    this.#open.defer(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  addClient(name: string): void {
    addClient(this.pki, name, new Date());
  }

  /** Writes a file into the folder. @returns its path */
  file(name: string, content: object | string): string {
    const path = join(this.folder, name);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  }

  /** Our signer, in this process. @returns its address */
  async ours(
    flags: Partial<SignerFlags> = {},
    env: Record<string, string> = { NOTARY_SIGNER_DEFAULT: 'a passphrase' },
  ): Promise<{ address: string; stop(): Promise<void> }> {
    const address = `localhost:${await freePort()}`;
    const all = { data: this.data, listen: address, pki: this.pki, ...flags };
    const api = await startSigner(all, env, () => new Date(), silent);
    let running = true;
    const stop = async () => {
      if (running) await api[Symbol.asyncDispose]();
      running = false;
    };
    this.#open.defer(stop);
    return { address, stop };
  }

  /**
   * Debian's notary-signer 0.7 in a process, with keys in memory.
   * @param database  with keys in PostgreSQL, in this empty database
   * @returns its address
   */
  async debians(database?: string): Promise<{ address: string; stop(): Promise<void> }> {
    const port = await freePort();
    const config = this.file(`notary-signer-${port}.json`, {
      server: {
        grpc_addr: `127.0.0.1:${port}`,
        tls_cert_file: join(this.pki, 'signer.crt'),
        tls_key_file: join(this.pki, 'signer.key'),
        client_ca_file: join(this.pki, 'ca.crt'),
      },
      storage:
        database === undefined
          ? { backend: 'memory' }
          : { backend: 'postgres', db_url: `${database}?sslmode=disable`, default_alias: 'one' },
      logging: { level: 'error' },
    });
    const signer = this.#start('notary-signer', ['-config', config]);
    const address = `localhost:${port}`;
    using connection = this.connect(address);
    await signer.ready(() => connection.isServing(healthServices[1] ?? ''));
    return { address, stop: () => signer[Symbol.asyncDispose]() };
  }

  /** Debian's notary-server 0.7 with a remote signer, metadata in memory, over plain HTTP. */
  async debiansServer(signer: string): Promise<{ url: string }> {
    const port = await freePort();
    const [hostname, signerPort] = signer.split(':');
    const config = this.file(`notary-server-${port}.json`, {
      server: { http_addr: `127.0.0.1:${port}` },
      trust_service: {
        type: 'remote',
        hostname,
        port: signerPort,
        key_algorithm: 'ecdsa',
        tls_ca_file: join(this.pki, 'ca.crt'),
        tls_client_cert: join(this.pki, 'client.crt'),
        tls_client_key: join(this.pki, 'client.key'),
      },
      storage: { backend: 'memory' },
      logging: { level: 'error' },
    });
    const server = this.#start('notary-server', ['-config', config]);
    const url = `http://127.0.0.1:${port}`;
    await server.ready(() => fetch(`${url}/v2/`).then(({ ok }) => ok));
    return { url };
  }

  /** A connection as a trust server has it. @param client  whose certificate */
  connect(address: string, client = 'client', timeoutMs = 2_000): SignerConnection {
    const file = (name: string) => readPem('', join(this.pki, name));
    const connection = new SignerConnection({
      address,
      ca: file('ca.crt'),
      certificate: file(`${client}.crt`),
      privateKey: new Secret(file(`${client}.key`)),
      timeoutMs,
    });
    this.#open.use(connection);
    return connection;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#open.disposeAsync();
  }

  #start(program: string, args: readonly string[]): PeerProcess {
    const env = { ...plainEnvironment(), NOTARY_SIGNER_ONE: passphraseOfOne };
    return this.#open.use(new PeerProcess(program, args, { env }));
  }
}
