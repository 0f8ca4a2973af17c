import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientIdentity, HttpsClientOptions } from '../../adapters/remotes/index.ts';
import { isStoreError, Secret, systemCodeOf } from '../../base/index.ts';
import { appError } from '../errors.ts';

/**
 * What a person put beside docker's configuration for one server: `tls/HOST[:PORT]`. Every `*.crt` vouches for
 * the server like the system's; with any, loopback is verified too. `NAME.cert` and `NAME.key` are shown to a server that asks
 * who we are; of several the first by name, where docker goes by the authorities that the server names.
 *
 * @param folder  docker's configuration folder
 * @param named   PEM certificates that a person named for a command: they vouch for the server too
 * @throws StoreError CONFIG_TLS_FOLDER for what docker refuses too: a half of a pair, halves that do not
 *         belong together, a file that cannot be read
 * @see docker/docker 28.2.2, registry/registry.go ReadCertsDirectory
 */
export async function readTlsFolder(
  folder: string,
  host: string,
  named?: string,
): Promise<Pick<HttpsClientOptions, 'ca' | 'identity'>> {
  const place = join(folder, 'tls', host);
  const names = namesIn(place).sort();
  const ending = (end: string) => names.filter((name) => name.endsWith(end));
  const identities: ClientIdentity[] = [];
  for (const name of ending('.cert')) {
    const keyName = `${name.slice(0, -'.cert'.length)}.key`;
    if (!names.includes(keyName)) {
      throw unusable(place, `${name} needs ${keyName}; the name of an authority ends in .crt`);
    }
    identities.push(identityOf(place, name, read(place, name), read(place, keyName)));
  }
  for (const name of ending('.key')) {
    const certName = `${name.slice(0, -'.key'.length)}.cert`;
    if (!names.includes(certName)) throw unusable(place, `${name} needs ${certName}`);
  }
  const own = ending('.crt').map((name) => read(place, name));
  if (named !== undefined) own.unshift(named);
  const [identity] = identities;
  return { ...(own.length > 0 && { ca: await besideSystem(own) }), ...(identity && { identity }) };
}

/** None where there is no such folder. At once: a turn of the loop costs more than a small folder. */
function namesIn(place: string): string[] {
  try {
    return readdirSync(place);
  } catch (cause) {
    const reason = reasonOf(cause);
    if (reason === 'ENOENT') return [];
    throw unusable(place, reason, cause);
  }
}

function read(place: string, name: string): string {
  try {
    return readFileSync(join(place, name), 'utf8');
  } catch (cause) {
    throw unusable(place, `${name}: ${reasonOf(cause)}`, cause);
  }
}

/** What the library says of a key could hold parts of it. */
function identityOf(place: string, name: string, certificate: string, key: string): ClientIdentity {
  try {
    if (new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) {
      return { certificate, key: new Secret(key) };
    }
    throw unusable(place, `the key of ${name} is another's`);
  } catch (cause) {
    if (isStoreError(cause)) throw cause;
    throw unusable(place, `${name} or its key is damaged, or the key is encrypted`, cause);
  }
}

async function besideSystem(own: readonly string[]): Promise<string> {
  const { rootCertificates } = await import('node:tls');
  return [...own, ...rootCertificates].join('\n');
}

function unusable(folder: string, reason: string, cause?: unknown) {
  return appError('CONFIG_TLS_FOLDER', { folder, reason }, cause);
}

function reasonOf(cause: unknown): string {
  return systemCodeOf(cause) ?? 'unreadable';
}
