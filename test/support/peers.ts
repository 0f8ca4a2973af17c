import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { printed, runCommand } from './command.ts';
import { DockerCli } from './docker-cli.ts';
import { buildImage } from './docker-images.ts';
import { startEngine } from './engine.ts';
import { postgresFolder } from './postgres-server.ts';

/** A program that a test needs, and the Debian packages that hold it, the newest Debian's first. */
interface Peer {
  readonly isThere: () => boolean;
  readonly packages: readonly string[];
}

const peers = {
  docker: { isThere: () => onPath('docker'), packages: ['docker-cli', 'docker.io'] },
  // Of Debian 12, with BuildKit built in, or a newer one with its plugin.
  'docker-buildkit': {
    isThere: () => existsSync('/usr/bin/docker'),
    packages: ['docker.io', 'docker-buildx'],
  },
  dockerd: { isThere: () => onPath('dockerd'), packages: ['docker.io'] },
  busybox: { isThere: () => isStatic('/bin/busybox'), packages: ['busybox-static'] },
  openssl: { isThere: () => onPath('openssl'), packages: ['openssl'] },
  notary: { isThere: () => onPath('notary'), packages: ['notary'] },
  'notary-server': { isThere: () => onPath('notary-server'), packages: ['notary'] },
  'notary-signer': { isThere: () => onPath('notary-signer'), packages: ['notary'] },
  softhsm2: { isThere: () => onPath('softhsm2-util'), packages: ['softhsm2'] },
  'docker-registry': { isThere: () => onPath('docker-registry'), packages: ['docker-registry'] },
  'swift-proxy': { isThere: () => onPath('swift-proxy-server'), packages: ['swift-proxy'] },
  'swift-account': { isThere: () => onPath('swift-account-server'), packages: ['swift-account'] },
  'swift-container': {
    isThere: () => onPath('swift-container-server'),
    packages: ['swift-container'],
  },
  'swift-object': { isThere: () => onPath('swift-object-server'), packages: ['swift-object'] },
  skopeo: { isThere: () => onPath('skopeo'), packages: ['skopeo'] },
  podman: { isThere: () => onPath('podman'), packages: ['podman'] },
  buildah: { isThere: () => onPath('buildah'), packages: ['buildah'] },
  postgres: { isThere: () => postgresFolder() !== undefined, packages: ['postgresql'] },
  curl: { isThere: () => onPath('curl'), packages: ['curl'] },
  zsh: { isThere: () => onPath('zsh'), packages: ['zsh'] },
  mandoc: { isThere: () => onPath('mandoc'), packages: ['mandoc'] },
  'docker-compose': { isThere: () => onPath('docker-compose'), packages: ['docker-compose'] },
  fish: { isThere: () => onPath('fish'), packages: ['fish'] },
  wrk: { isThere: () => onPath('wrk'), packages: ['wrk'] },
  // Of npm, which leaves a few lines of text in its place where it may not run the package's script.
  bun: { isThere: () => isLarge('node_modules/bun/bin/bun.exe'), packages: [] },
  mariadbd: { isThere: () => onPath('mariadbd'), packages: ['mariadb-server'] },
} satisfies Record<string, Peer>;

/** `engine` is a dockerd that really builds and runs here: it is tried, not looked up. */
export type PeerName = keyof typeof peers | 'engine';

const engine: readonly PeerName[] = ['docker', 'dockerd', 'busybox', 'engine'];
const swift: readonly PeerName[] = [
  'swift-proxy',
  'swift-account',
  'swift-container',
  'swift-object',
];
const reference: readonly PeerName[] = ['openssl', 'notary-server', 'docker-registry'];

/**
 * What tests and benchmarks need. An end-to-end test that is not named needs all there is; a unit
 * test stands here by its path, since names of files repeat, and one that does not needs nothing.
 */
const needs: Readonly<Record<string, readonly PeerName[]>> = {
  'bad-input.test.ts': [],
  'client.ts': ['bun', ...engine, ...reference],
  'cli-interop.test.ts': [...engine, ...reference, 'notary', 'notary-signer'],
  'client-library.test.ts': [...reference, 'notary'],
  'copy.test.ts': ['docker-registry', 'notary', 'skopeo'],
  'crash.test.ts': engine,
  'docker-trust-sign.test.ts': [...engine, ...reference],
  'docker-trust-secrecy.test.ts': [],
  'docker-trust-index.test.ts': [...reference, 'notary'],
  'docker-trust-token.test.ts': [...reference, 'notary', 'softhsm2'],
  'docker-trust-keys.test.ts': [...reference, 'notary'],
  'docker-trust-attacks.test.ts': [],
  'docker-trust-proxy.test.ts': ['bun', 'docker'],
  'shells.test.ts': ['bun', 'docker', 'zsh', 'fish', 'mandoc'],
  'docker-trust-faults.test.ts': ['docker', ...reference, 'notary'],
  'docker-trust-differential.test.ts': ['docker', ...reference, 'notary'],
  'chain.ts': [...engine, ...reference],
  'enforcement-build.test.ts': [...engine, ...reference, 'docker-buildkit'],
  // Nothing where no BuildKit is named, and the same as its neighbours where one is.
  'enforcement-buildkit.test.ts': process.env.BUILDKITD_PROGRAM ? [...engine, ...reference] : [],
  'enforcement-compose.test.ts': [...engine, ...reference, 'docker-compose'],
  'enforcement.test.ts': [...engine, ...reference],
  'interop-flows.test.ts': [...reference, 'notary', 'notary-signer'],
  'interop-tokens.test.ts': ['docker', ...reference, 'notary'],
  'memory.ts': reference,
  'upstream-mirror.test.ts': [...engine, ...reference, 'notary', 'skopeo'],
  'import-notary.test.ts': ['notary', 'notary-server', 'openssl', 'postgres'],
  'import-notary-killed.test.ts': ['notary-server', 'notary-signer', 'openssl', 'postgres'],
  'import-notary-tokens.test.ts': ['notary', 'notary-server', 'openssl'],
  'import-notary-mysql.test.ts': ['notary', 'notary-server', 'openssl', 'mariadbd'],
  'import-runbook.test.ts': [
    'docker',
    'notary',
    'notary-server',
    'notary-signer',
    'openssl',
    'postgres',
  ],
  'notary-client.test.ts': ['notary'],
  'notary-transcript.test.ts': [...reference, 'notary'],
  'one-file.test.ts': ['bun', 'docker'],
  'notary-differential.test.ts': [...reference, 'notary-signer', 'postgres'],
  'postgresql-contract.test.ts': ['postgres'],
  'postgresql-crash.test.ts': ['notary', 'postgres'],
  'postgresql-delete-races.test.ts': ['postgres'],
  'postgresql-move.test.ts': ['notary', 'postgres'],
  'postgresql-processes.test.ts': ['postgres'],
  'postgresql-reads.test.ts': ['postgres'],
  'postgresql-replicas.test.ts': ['postgres'],
  'postgresql-store.test.ts': ['postgres'],
  'refusals.test.ts': [...engine, 'notary'],
  'seed-content-trust.test.ts': [...engine, ...reference],
  'seed-unsigned-refused.test.ts': [...engine, ...reference],
  'registry-chaos.test.ts': [],
  'registry-import.test.ts': reference,
  'registry-scrub.test.ts': [],
  's3-blobs.test.ts': swift,
  's3-store.test.ts': [...swift, 'skopeo'],
  'trust-view.test.ts': [],
  'signer-database.test.ts': ['notary-signer', 'postgres'],
  'signer-move.test.ts': ['notary', 'notary-server', 'notary-signer', 'openssl', 'postgres'],
  'signer-peers.test.ts': ['openssl', 'notary', 'notary-server', 'notary-signer'],
  'signer-process.test.ts': ['notary'],
  'signer-token.test.ts': ['softhsm2', 'notary', 'notary-server'],
  'registry.ts': [...engine, 'docker-registry', 'openssl', 'curl', 'wrk'],
  'registry-clients.test.ts': [...engine, 'podman', 'buildah', 'skopeo', 'curl'],
  'registry-differential.test.ts': ['docker-registry', 'openssl'],
  'skopeo.test.ts': ['skopeo'],
  'store-chain.test.ts': [...engine, 'notary'],
  'trust.ts': ['openssl', 'notary-server', 'postgres', 'wrk'],
  'trust-concurrency.test.ts': ['notary'],
  'trust-crash.test.ts': ['notary'],
  'trust-many-tags.test.ts': ['notary'],
  'tuf-fixpoint.test.ts': reference,
  'src/tuf/issued-by.test.ts': ['openssl'],
  'src/cli/shell/shell-init.test.ts': ['zsh', 'fish'],
  'src/adapters/certificates/certificates.test.ts': ['openssl'],
  'src/adapters/trust-folder/trust-folder.test.ts': ['openssl'],
};

/** True for a unit test that needs a peer. */
export function namesPeers(file: string): boolean {
  return Object.hasOwn(needs, file);
}

/** True for a test that runs a docker engine. */
export function needsEngine(file: string): boolean {
  return needsOf(file).includes('engine');
}

/** Which tests can run here, and why the others cannot. */
export interface Attendance {
  readonly files: readonly string[];
  /** One line; undefined when nobody is missing. */
  readonly leftOut: string | undefined;
}

/**
 * Finds what the tests need, installs what is missing where it may (root on Debian), and tries the
 * engine once.
 *
 * @param files  paths of end-to-end tests, and of others for which {@link namesPeers} is true
 * @param say    is told before a slow step
 */
export async function callPeers(
  files: readonly string[],
  say: (line: string) => void,
): Promise<Attendance> {
  const wanted = new Set(files.flatMap(needsOf));
  const absent = new Map<PeerName, string>();
  const lacking = [...wanted].filter((name) => name !== 'engine' && !peers[name].isThere());
  const reason = lacking.length === 0 ? '' : await install(lacking, say);
  for (const name of lacking) {
    if (name !== 'engine' && !peers[name].isThere()) absent.set(name, `no ${name}: ${reason}`);
  }
  if (wanted.has('engine') && !engine.some((name) => absent.has(name))) {
    const trouble = await tryEngine();
    if (trouble !== undefined) absent.set('engine', `no docker engine: ${trouble}`);
  }
  const missing = files.filter((file) => needsOf(file).some((name) => absent.has(name)));
  return {
    files: files.filter((file) => !missing.includes(file)),
    leftOut:
      missing.length === 0
        ? undefined
        : `left out ${missing.map(nameOf).join(', ')} (${[...absent.values()].join('; ')})`,
  };
}

function needsOf(file: string): readonly PeerName[] {
  return needs[file] ?? needs[nameOf(file)] ?? [...(Object.keys(peers) as PeerName[]), 'engine'];
}

function nameOf(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1);
}

/** @returns why something may still be missing */
async function install(names: readonly PeerName[], say: (line: string) => void): Promise<string> {
  if (process.getuid?.() !== 0) return 'not run as root, so it was not installed';
  if (!onPath('apt-get')) return 'not a Debian, so it was not installed';
  // RUNLEVEL keeps the packages from starting their services; the tests start their own.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const apt = (...args: string[]) =>
    runCommand('apt-get', ['--yes', '--quiet', ...args], { env, timeoutMs: 300_000 });
  say(`installing ${names.join(', ')} by apt-get`);
  const update = await apt('update');
  let last = update.code === 0 ? '' : lastLine(printed(update));
  for (const name of names) {
    if (name === 'engine' || peers[name].isThere()) continue;
    for (const candidate of peers[name].packages) {
      const done = await apt('install', '--no-install-recommends', candidate);
      if (done.code === 0) break;
      last = lastLine(done.stderr) || last;
    }
  }
  return `apt-get could not install it (${last || 'no such package'})`;
}

/** @returns what went wrong, in one line; undefined when a container ran */
async function tryEngine(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'dockerd needs root';
  try {
    await using daemon = await startEngine();
    using docker = new DockerCli(daemon.host);
    await buildImage(docker, 'trial', { dockerfile: [] });
    await docker.must(['run', '--rm', '--network', 'none', 'trial']);
    return undefined;
  } catch (error) {
    return lastLine((error as Error).message);
  }
}

function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() && !line.startsWith('(exit'));
  return (lines.at(-1) ?? '').trim().slice(0, 200);
}

function onPath(program: string): boolean {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => isExecutable(join(folder, program)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isLarge(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 1_000_000;
}

/** A static program names no dynamic loader in its first page. */
function isStatic(path: string): boolean {
  try {
    return !/\/ld-(linux|musl)/.test(readFileSync(path).subarray(0, 4_096).toString('latin1'));
  } catch {
    return false;
  }
}
