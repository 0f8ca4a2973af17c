import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  type Member,
  makeAuthority,
  makeMember,
  readMember,
  type TlsCertificate,
} from '../../adapters/certificates/index.ts';
import { replaceFile } from '../../adapters/durable/index.ts';
import { Secret, systemCodeOf } from '../../base/index.ts';
import { appError } from '../errors.ts';
import { readPem, requireHosts, withLoopback } from './pki.ts';

/** What a renewal may change. */
export interface RenewOptions {
  /** Names and addresses of a signer instead of those it has, beside those of loopback. */
  readonly hosts?: readonly string[];
  /** How long it holds; ten years unless told, and always for an authority. */
  readonly days?: number;
}

/**
 * Makes a new key and certificate for a member, with the name it has, in the place of the old ones;
 * or a new certificate for the authority (`ca`), with the key it has, so that its members stay
 * valid. Who uses the folder reads them again by itself.
 *
 * The key is replaced first. After a crash between the two they do not belong together; running it
 * again repairs that, and what runs keeps what it has read.
 *
 * @returns files written
 * @throws StoreError CONFIG_FILE without the authority or the member, PKI_RENEW, PKI_NAME
 */
export function renewMember(
  folder: string,
  name: string,
  { hosts, days }: RenewOptions,
  now: Date,
): string[] {
  requireHosts(hosts ?? []);
  const path = pathOf(folder, name);
  const before = readCertificate(path);
  const authority = readAuthority(folder);
  if (before.use === 'authority') {
    if (hosts !== undefined) throw appError('PKI_RENEW', { path, reason: hostsOfSigners });
    const { certificate } = makeAuthority(now, authority.privateKey);
    replaceFile(path, certificate, 0o644);
    return [path];
  }
  if (hosts !== undefined && before.use !== 'serverAuth') {
    throw appError('PKI_RENEW', { path, reason: hostsOfSigners });
  }
  const made: TlsCertificate = makeMember(authority, {
    commonName: before.commonName,
    use: before.use,
    hosts: hosts === undefined ? before.hosts : withLoopback(hosts),
    now,
    ...(days !== undefined && { lifetimeDays: days }),
  });
  const keyPath = join(folder, `${name}.key`);
  replaceFile(keyPath, made.privateKey.reveal(), 0o600);
  replaceFile(path, made.certificate, 0o644);
  return [path, keyPath];
}

const hostsOfSigners = 'only a signer has hosts';

/** A certificate and the name of its files, without `.crt`. */
export interface NamedMember extends Member {
  readonly name: string;
}

/** Every certificate of a folder. @throws StoreError CONFIG_FILE, PKI_RENEW for what is none */
export function listPki(folder: string): NamedMember[] {
  return namesIn(folder).map((name) => ({ name, ...readMemberOf(folder, name) }));
}

/** One of them. @throws StoreError CONFIG_FILE, PKI_RENEW for what is none */
export function readMemberOf(folder: string, name: string): Member {
  return readCertificate(pathOf(folder, name));
}

/** A name that leads out of the folder is none. */
function pathOf(folder: string, name: string): string {
  if (name !== basename(name)) throw appError('PKI_NAME', { name: name.slice(0, 63) });
  return join(folder, `${name}.crt`);
}

function namesIn(folder: string): string[] {
  try {
    const files = readdirSync(folder).filter((file) => file.endsWith('.crt'));
    return files.map((file) => file.slice(0, -'.crt'.length)).sort();
  } catch (cause) {
    const reason = systemCodeOf(cause) ?? 'unreadable';
    throw appError('CONFIG_FILE', { flag: 'PKI', path: folder, reason }, cause);
  }
}

function readAuthority(folder: string): TlsCertificate {
  return {
    certificate: readPem('PKI', join(folder, 'ca.crt')),
    privateKey: new Secret(readPem('PKI', join(folder, 'ca.key'))),
  };
}

function readCertificate(path: string): Member {
  const pem = readPem('PKI', path);
  try {
    return readMember(pem);
  } catch (cause) {
    throw appError('PKI_RENEW', { path, reason: 'it is no certificate' }, cause);
  }
}
