import {
  entriesOf,
  fromBase64,
  fromUtf8,
  isStoreError,
  type Json,
  optional,
  parseJson,
  Secret,
  stringOf,
} from '../../base/index.ts';
import type { Credential } from './credentials.ts';
import { remoteError } from './errors.ts';

/** What `config.json` of docker says about logins. Names of hosts are as docker wrote them. */
export interface DockerConfig {
  readonly auths: ReadonlyMap<string, Credential>;
  readonly credHelpers: ReadonlyMap<string, string>;
  readonly credsStore: string | undefined;
}

const helperName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** The address under which docker files the login for Docker Hub. */
const hubServer = 'https://index.docker.io/v1/';

/**
 * Reads `~/.docker/config.json`. An entry without a credential (as a credential store leaves it) is
 * left out.
 *
 * @param bytes  the file
 * @param file   its name, for messages
 * @throws StoreError REMOTE_DOCKER_CONFIG; its message never holds a value of the file
 * @see docker/cli 28.2.2, cli/config/configfile/file.go
 */
export function parseDockerConfig(bytes: Uint8Array, file: string): DockerConfig {
  try {
    const config = entriesOf(parseJson(bytes), 'config');
    const auths = new Map<string, Credential>();
    for (const [host, value] of membersOf(config.get('auths'), 'auths')) {
      const credential = credentialOf(value);
      if (credential !== undefined) auths.set(host, credential);
    }
    const helpers = membersOf(config.get('credHelpers'), 'credHelpers');
    return {
      auths,
      credHelpers: new Map([...helpers].map(([host, name]) => [host, parseHelper(name)])),
      credsStore: optional(parseHelper, config.get('credsStore') || null, 'credsStore'),
    };
  } catch (error) {
    if (!isStoreError(error)) throw error;
    // JSON.parse quotes the text around the mistake, which may be a password: the code must do.
    const reason = error.code === 'JSON_SHAPE' ? error.message : `it is not valid (${error.code})`;
    throw remoteError('REMOTE_DOCKER_CONFIG', { file, reason });
  }
}

/** The entry for a host, which docker may have written as a host or as an old registry URL. */
export function entryOf<T>(entries: ReadonlyMap<string, T>, host: string): T | undefined {
  const exact = entries.get(serverOf(host));
  if (exact !== undefined) return exact;
  for (const [name, value] of entries) if (hostOf(name) === host) return value;
  return undefined;
}

/** What docker calls the server of a host when it asks a credential helper. */
export function serverOf(host: string): string {
  return host === 'docker.io' ? hubServer : host;
}

function hostOf(name: string): string {
  const host = name.replace(/^https?:\/\//, '').replace(/\/.*$/s, '');
  return host === 'index.docker.io' ? 'docker.io' : host;
}

function membersOf(value: Json | undefined, path: string): Map<string, Json> {
  return value === undefined || value === null ? new Map() : entriesOf(value, path);
}

function credentialOf(value: Json): Credential | undefined {
  const entry = entriesOf(value, 'auths');
  const token = optional(stringOf, entry.get('identitytoken'), 'identitytoken');
  const encoded = optional(stringOf, entry.get('auth'), 'auth');
  const login = encoded ? parseAuth(encoded) : undefined;
  const username = login?.username ?? optional(stringOf, entry.get('username'), 'username');
  if (token) return { kind: 'identity-token', token: new Secret(token), username };
  if (login) return login;
  const password = optional(stringOf, entry.get('password'), 'password');
  if (!username || !password) return undefined;
  return { kind: 'password', username, password: new Secret(password) };
}

function parseAuth(encoded: string): Credential & { kind: 'password' } {
  const bytes = fromBase64(encoded);
  const text = bytes === undefined ? '' : decoded(bytes);
  const colon = text.indexOf(':');
  if (colon < 1) throw remoteError('REMOTE_DOCKER_CONFIG', { file: 'config.json', reason: 'auth' });
  // docker ends some passwords with zero bytes and ignores them itself.
  const password = new Secret(text.slice(colon + 1).replace(/\0+$/, ''));
  return { kind: 'password', username: text.slice(0, colon), password };
}

function decoded(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes);
  } catch {
    return '';
  }
}

/** Part of a program's name: nothing that could lead to another folder. */
function parseHelper(value: Json | undefined): string {
  const name = stringOf(value, 'credential helper');
  if (helperName.test(name)) return name;
  throw remoteError('REMOTE_DOCKER_CONFIG', { file: 'config.json', reason: 'credential helper' });
}
