import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fixedPassphrase } from '../../src/adapters/passphrase/index.ts';
import { anonymous, Remotes } from '../../src/adapters/remotes/index.ts';
import {
  ChangeFolder,
  KeyFolder,
  MetadataFolder,
  serializePem,
} from '../../src/adapters/trust-folder/index.ts';
import { digestOf, Secret, utf8 } from '../../src/base/index.ts';
import { describeChange } from '../../src/cli/docker-trust/change-words.ts';
import {
  openTrust,
  type PublishRequest,
  publish,
  publishStaged,
  type Stageable,
  stage,
  type TrustChange,
} from '../../src/client/index.ts';
import { barePublicKey, type Gun, listTargets, type Signer } from '../../src/tuf/index.ts';
import { plainEnvironment, runCommand, succeeded } from './command.ts';
import { wireRequest } from './wire-request.ts';

/** A trust server, as a client is told of it. */
export interface TrustPlace {
  readonly url: string;
  readonly certificateFile?: string;
}

/** Of every key here. */
const passphrase = 'of all keys';

interface Login {
  readonly username: string;
  readonly password: string;
}

type Publishing = Pick<PublishRequest, 'gun' | 'keys' | 'cache' | 'remote' | 'now'>;

/** Somebody with a trust folder, who uses both clients on it. */
export class Person {
  readonly folder: string;
  readonly keys: KeyFolder;
  readonly #changelist: ChangeFolder;
  readonly #place: TrustPlace;
  readonly #login: Login | undefined;

  /** @param folder  of everybody; the trust folder is `name` in it, and may be there already */
  constructor(place: TrustPlace, folder: string, name: string, login?: Login) {
    this.#place = place;
    this.#login = login;
    this.folder = join(folder, name);
    this.keys = new KeyFolder(this.folder, fixedPassphrase(passphrase));
    this.#changelist = new ChangeFolder(this.folder, () => new Date());
  }

  async publish(gun: Gun, changes: readonly TrustChange[], keys = this.keys): Promise<void> {
    await this.#publishing(gun, (request) =>
      publish({ ...request, keys, changes, whenNew: 'initialise' }),
    );
  }

  /** Our client stages these. */
  async stage(gun: Gun, changes: readonly Stageable[]): Promise<void> {
    await this.#publishing(gun, (request) => stage({ ...request, changes }));
  }

  /** Our client publishes what waits. @returns how many changes */
  async publishStaged(gun: Gun): Promise<number> {
    return (await this.#publishing(gun, publishStaged)).changes;
  }

  /** What waits, as our client lists it: action, role, type and path. */
  async staged(gun: Gun): Promise<string[]> {
    return (await this.#changelist.list(gun)).map((listed) => {
      assert.ok('change' in listed);
      const { action, role, type, path } = describeChange(listed.change);
      return [action, role, type, path].join(' ').trim();
    });
  }

  /** The same, as notary lists it. */
  async goStaged(gun: Gun): Promise<string[]> {
    const rows = (await this.go('status', gun)).split('\n').filter((row) => /^\d/.test(row));
    return rows.map((row) => row.trim().split(/\s+/).slice(1).join(' '));
  }

  async open(gun: Gun) {
    using remotes = this.#remotes();
    const source = remotes.trust(gun, { forWriting: false });
    return await openTrust({
      gun,
      source,
      cache: new MetadataFolder(this.folder),
      now: new Date(),
    });
  }

  /** What our client sees. */
  async names(gun: Gun): Promise<string[]> {
    return [...new Set(listTargets((await this.open(gun)).set).map(({ name }) => name))].sort();
  }

  /** What notary sees. */
  async goNames(gun: Gun): Promise<string[]> {
    const rows = (await this.go('list', gun)).split('\n').filter((row) => /[0-9a-f]{64}/.test(row));
    return rows.map((row) => row.trim().split(/\s+/)[0] ?? '').sort();
  }

  async go(...args: string[]): Promise<string> {
    return succeeded(await this.run(...args)).stdout;
  }

  run(...args: string[]) {
    const { url, certificateFile } = this.#place;
    const ca = certificateFile === undefined ? [] : ['--tlscacert', certificateFile];
    const roles = ['ROOT', 'TARGETS', 'SNAPSHOT', 'DELEGATION'];
    const passphrases = roles.map((role) => [`NOTARY_${role}_PASSPHRASE`, passphrase]);
    const { username, password } = this.#login ?? {};
    const login = this.#login && Buffer.from(`${username}:${password}`).toString('base64');
    const env = {
      ...plainEnvironment(),
      HOME: this.folder,
      ...Object.fromEntries(passphrases),
      ...(login !== undefined && { NOTARY_AUTH: login }),
    };
    return runCommand('notary', ['-s', url, ...ca, '-d', this.folder, ...args], {
      env,
      input: 'yes\n',
    });
  }

  async #publishing<T>(
    gun: Gun,
    work: (request: Publishing & { readonly changelist: ChangeFolder }) => Promise<T>,
  ): Promise<T> {
    using remotes = this.#remotes();
    const remote = remotes.trust(gun, { forWriting: true });
    const cache = new MetadataFolder(this.folder);
    const { keys } = this;
    return await work({ gun, keys, cache, remote, changelist: this.#changelist, now: new Date() });
  }

  #remotes(): Remotes {
    const { url, certificateFile } = this.#place;
    const login = this.#login;
    return new Remotes({
      trustServer: url,
      credentials: login
        ? async () => ({
            kind: 'password' as const,
            username: login.username,
            password: new Secret(login.password),
          })
        : anonymous,
      clock: () => new Date(),
      ...(certificateFile === undefined ? {} : { ca: readFileSync(certificateFile, 'utf8') }),
    });
  }
}

export function openssl(...args: string[]) {
  return runCommand('openssl', args, {
    env: { ...plainEnvironment(), PASSPHRASE: passphrase },
  });
}

/** An encrypted RSA key as notary takes one in, and a certificate of it that it made itself. */
export async function rsaKey(folder: string, role: string, subject: string) {
  const [key, certificate] = [join(folder, `${role}-rsa.pem`), join(folder, `${role}-rsa.crt`)];
  const encrypted = ['-traditional', '-aes256', '-passout', 'env:PASSPHRASE'];
  succeeded(await openssl('genrsa', ...encrypted, '-out', key, '2048'));
  const request = ['req', '-x509', '-days', '30', '-key', key, '-passin', 'env:PASSPHRASE'];
  const leaf = ['-subj', subject, '-addext', 'basicConstraints=critical,CA:FALSE'];
  succeeded(await openssl(...request, ...leaf, '-out', certificate));
  const pem = readFileSync(key, 'utf8');
  writeFileSync(key, pem.replace(/(DEK-Info:.*\n)/, `$1role: ${role}\n`), { mode: 0o600 });
  return { key, certificate };
}

/** The public half of a key, as a file that notary takes. @returns its path */
export function publicKeyFile({ key }: Signer, folder: string): string {
  const path = join(folder, `${key.id}.pub`);
  writeFileSync(path, serializePem({ type: 'PUBLIC KEY', headers: new Map(), bytes: key.bytes }));
  return path;
}

/** Everything that a reader asks for now, by path. */
export async function recordSet(origin: string, gun: Gun): Promise<Map<string, Buffer>> {
  const base = `/v2/${gun}/_trust/tuf/`;
  const recorded = new Map<string, Buffer>([['/v2/', Buffer.from('{}')]]);
  const record = async (file: string) => {
    const { body } = await wireRequest(`${origin}${base}${file}`);
    recorded.set(base + file, body);
    return JSON.parse(String(body)).signed.meta as Record<string, { hashes: { sha256: string } }>;
  };
  const named = (role: string, { hashes }: { hashes: { sha256: string } }) =>
    `${role}.${Buffer.from(hashes.sha256, 'base64').toString('hex')}.json`;
  await record('root.json');
  const [snapshot] = Object.values(await record('timestamp.json'));
  const listed = await record(named('snapshot', snapshot ?? assert.fail()));
  for (const [role, meta] of Object.entries(listed)) await record(named(role, meta));
  return recorded;
}

/** A mirror that has these files and nothing else. */
export async function startMirror(
  files: ReadonlyMap<string, Buffer>,
): Promise<TrustPlace & AsyncDisposable> {
  const server = createServer((request, response) => {
    const body = files.get(decodeURIComponent(request.url ?? ''));
    response.writeHead(body ? 200 : 404).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A root key whose certificate an authority made, for servers as well, since notary asks for that. */
export async function certifiedKey(folder: string, subject: string) {
  const place = mkdtempSync(join(folder, 'certified-'));
  const at = (name: string) => join(place, name);
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const authority = ['-keyout', at('ca.key'), '-out', at('ca.crt'), '-subj', '/CN=authority'];
  succeeded(await openssl('req', '-x509', '-days', '30', ...curve, ...authority));
  const request = ['-keyout', at('plain.key'), '-out', at('leaf.csr'), '-subj', subject];
  succeeded(await openssl('req', ...curve, ...request));
  writeFileSync(
    at('leaf.ext'),
    'basicConstraints=critical,CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n',
  );
  const signed = ['-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-extfile', at('leaf.ext')];
  const serial = ['-CAcreateserial', '-days', '30', '-out', at('leaf.crt')];
  succeeded(await openssl('x509', '-req', '-in', at('leaf.csr'), ...signed, ...serial));
  await encryptAsLegacy(at('plain.key'), at('root.key'), 'root');
  return { key: at('root.key'), certificate: at('leaf.crt'), authority: at('ca.crt') };
}

/** The keys of a repository as notary before 0.4 kept them. @returns their ids and roles */
export async function legacyKeys(trust: string, gun: Gun) {
  const keys: { id: string; role: string }[] = [];
  for (const role of ['root', 'targets', 'snapshot']) {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { id } = barePublicKey(pair.publicKey);
    const place = join(trust, 'private', role === 'root' ? 'root_keys' : `tuf_keys/${gun}`);
    mkdirSync(place, { recursive: true, mode: 0o700 });
    const plain = join(trust, `${role}.pem`);
    writeFileSync(plain, pair.privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
    await encryptAsLegacy(plain, join(place, `${id}_${role}.key`));
    rmSync(plain);
    keys.push({ id, role });
  }
  return keys;
}

/** `Proc-Type: 4,ENCRYPTED`, with a `role` header where one is asked for. */
async function encryptAsLegacy(plain: string, to: string, role?: string): Promise<void> {
  const out = ['-aes256', '-passout', 'env:PASSPHRASE', '-out', to];
  succeeded(await openssl('ec', '-in', plain, ...out));
  const pem = readFileSync(to, 'utf8');
  const header = role === undefined ? pem : pem.replace(/(DEK-Info:.*\n)/, `$1role: ${role}\n`);
  writeFileSync(to, header, { mode: 0o600 });
}

/** A change that signs the name for some content. */
export function target(name: string): TrustChange & { kind: 'add-target' } {
  return { kind: 'add-target', name, digest: digestOf(utf8(name)), sizeBytes: 1 };
}

/** The sha256 of a content. */
export function hex(content: string): string {
  return digestOf(utf8(content)).slice('sha256:'.length);
}
