import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, readSync, realpathSync } from 'node:fs';
import { basename, delimiter, isAbsolute, join } from 'node:path';
import {
  booleanOf,
  entriesOf,
  isStoreError,
  type Json,
  optional,
  parseJson,
  Secret,
  stringOf,
  utf8,
} from '../../base/index.ts';
import type { HttpsClientOptions } from '../remotes/index.ts';

/** How an engine is reached. */
export interface EngineAddress {
  /** What stands before a path. */
  readonly origin: string;
  readonly client: HttpsClientOptions;
}

export interface EngineQuestion {
  /** docker's configuration folder. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--host` and `--context` of this command. */
  readonly host?: string | undefined;
  readonly context?: string | undefined;
}

/**
 * The engine that docker's command line would ask: by `--context`, `--host`, DOCKER_HOST, DOCKER_CONTEXT, the
 * configuration's `currentContext`, else the usual socket, in this order.
 *
 * @returns undefined where only docker itself can tell, or adds something of its own: ssh, TLS that is not
 *          verified, variables and settings nobody here knows, a `docker` that is a script or podman
 * @see docker/cli 28.2.2, cli/command/cli.go resolveContextName, cli/context/store
 */
export function findEngine(question: EngineQuestion): EngineAddress | undefined {
  const { folder, env } = question;
  if (Object.keys(env).some((name) => /^DOCKER_/.test(name) && !knownVariable.test(name))) {
    return undefined;
  }
  try {
    const config = readConfig(folder);
    if (config.has('httpheaders') || !isPlainDocker(env.PATH ?? '')) return undefined;
    const current = optional(stringOf, config.get('currentcontext'), 'currentContext');
    const context = contextOf(question, current);
    if (context !== 'default') return addressOfContext(folder, context, env);
    const host = question.host || env.DOCKER_HOST || usualHost;
    const certificates = env.DOCKER_TLS_VERIFY ? env.DOCKER_CERT_PATH || folder : undefined;
    return addressOf(host, certificates, env);
  } catch (error) {
    if (isStoreError(error) || isSystemError(error)) return undefined;
    throw error;
  }
}

/** Named pipes are docker's to ask. */
const usualHost =
  process.platform === 'win32' ? 'npipe:////./pipe/docker_engine' : 'unix:///var/run/docker.sock';

/** Variables that are read here, or change nothing of what an engine is asked. */
const knownVariable =
  /^DOCKER_(CONFIG|CONTENT_TRUST\w*|HOST|CONTEXT|TLS_VERIFY|CERT_PATH|BUILDKIT|CLI_\w+|HIDE_LEGACY_COMMANDS)$/;

/** Go reads names of members whatever their case. */
function readConfig(folder: string): ReadonlyMap<string, Json> {
  const members = entriesOf(parseJson(configBytes(folder)), 'config');
  return new Map([...members].map(([name, value]) => [name.toLowerCase(), value]));
}

/** These files are read at once: each turn of the loop would cost more than reading. */
function configBytes(folder: string): Uint8Array {
  try {
    return readFileSync(join(folder, 'config.json'));
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return utf8('{}');
    throw error;
  }
}

function contextOf({ env, host, context }: EngineQuestion, current: string | undefined): string {
  if (context) return context;
  if (host || env.DOCKER_HOST) return 'default';
  return env.DOCKER_CONTEXT || current || 'default';
}

function addressOfContext(
  folder: string,
  context: string,
  env: EngineQuestion['env'],
): EngineAddress | undefined {
  const id = createHash('sha256').update(context).digest('hex');
  const place = join(folder, 'contexts');
  const meta = entriesOf(parseJson(readFileSync(join(place, 'meta', id, 'meta.json'))), 'meta');
  const endpoints = entriesOf(meta.get('Endpoints'), 'Endpoints');
  const endpoint = entriesOf(endpoints.get('docker'), 'docker');
  if (optional(booleanOf, endpoint.get('SkipTLSVerify'), 'SkipTLSVerify')) return undefined;
  const host = stringOf(endpoint.get('Host'), 'Host');
  const isSocket = host.startsWith(socketScheme);
  return addressOf(host, isSocket ? undefined : join(place, 'tls', id, 'docker'), env);
}

const socketScheme = 'unix://';

/** @param certificates  the folder of `ca.pem`, `cert.pem` and `key.pem`, where TLS is wanted */
function addressOf(
  host: string,
  certificates: string | undefined,
  env: EngineQuestion['env'],
): EngineAddress | undefined {
  if (host.startsWith(socketScheme)) {
    const socketPath = host.slice(socketScheme.length);
    const isPlain = certificates === undefined && isAbsolute(socketPath);
    return isPlain ? { origin: 'http://localhost', client: { socketPath } } : undefined;
  }
  // Over TCP only what is verified in both directions.
  if (certificates === undefined || !/^tcp:\/\/[^/@]+:\d+$/.test(host)) return undefined;
  const read = (name: string) => readFileSync(join(certificates, name), 'utf8');
  const [ca, certificate, key] = [read('ca.pem'), read('cert.pem'), read('key.pem')];
  const identity = { certificate, key: new Secret(key) };
  return {
    origin: `https://${host.slice('tcp://'.length)}`,
    client: { ca, identity, proxyEnv: env },
  };
}

/** Whether the docker that would be started is docker: a program, not a script nor a link to podman. */
function isPlainDocker(path: string): boolean {
  for (const folder of path.split(delimiter).filter(isAbsolute)) {
    const file = join(folder, 'docker');
    if (existsSync(file)) return !isScript(file) && basename(realpathSync(file)) === 'docker';
  }
  return false;
}

function isScript(file: string): boolean {
  const opened = openSync(file, 'r');
  try {
    const begin = Buffer.alloc(2);
    readSync(opened, begin);
    return begin.toString('latin1') === '#!';
  } finally {
    closeSync(opened);
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error;
}
