import { lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeAuthority, makeMember } from '../../adapters/certificates/index.ts';
import { Secret, systemCodeOf } from '../../base/index.ts';
import { appError } from '../errors.ts';

/**
 *   <pki>/
 *     ca.crt      who may take part            both sides
 *     ca.key      makes more members, 0600     neither: keep it elsewhere
 *     signer.crt  signer.key, 0600             the signer
 *     client.crt  client.key, 0600             the trust server; others by `pki client`
 *     withdrawn.txt                            the signer: certificates that may call no more
 */
const always = ['localhost', '127.0.0.1', '::1'];

/**
 * Makes all of it in a folder that has none of it.
 * @param hosts  names and addresses of the signer beside those of loopback
 * @throws StoreError PKI_EXISTS, PKI_NAME: then nothing is written
 */
export function initPki(folder: string, hosts: readonly string[], now: Date): string[] {
  requireHosts(hosts);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of ['ca', 'signer', 'client']) requireAbsent(folder, name);
  const authority = makeAuthority(now);
  const files = write(folder, 'ca', authority);
  const signer = makeMember(authority, {
    commonName: 'signer',
    use: 'serverAuth',
    hosts: withLoopback(hosts),
    now,
  });
  files.push(...write(folder, 'signer', signer), ...addClient(folder, 'client', now));
  return files;
}

/** Names and addresses that can stand in a certificate. @throws StoreError PKI_NAME */
export function requireHosts(hosts: readonly string[]): void {
  const wrong = hosts.find((host) => !/^[A-Za-z0-9.:-]{1,253}$/.test(host));
  if (wrong !== undefined) throw appError('PKI_NAME', { name: wrong.slice(0, 253) });
}

/** `always` and these, each once. */
export function withLoopback(hosts: readonly string[]): string[] {
  return [...new Set([...always, ...hosts])];
}

/**
 * Makes the certificate of one more trust server; its common name and DNS name are the name.
 * @throws StoreError PKI_NAME, PKI_EXISTS, CONFIG_FILE without an authority
 */
export function addClient(folder: string, name: string, now: Date): string[] {
  if (!/^[a-z0-9][-a-z0-9.]{0,62}$/.test(name)) {
    throw appError('PKI_NAME', { name: name.slice(0, 63) });
  }
  const authority = {
    certificate: readPem('PKI', join(folder, 'ca.crt')),
    privateKey: new Secret(readPem('PKI', join(folder, 'ca.key'))),
  };
  const request = { commonName: name, use: 'clientAuth', hosts: [name], now } as const;
  return write(folder, name, makeMember(authority, request));
}

/**
 * Reads one file of the folder.
 * @param flag  by which the folder was named
 * @throws StoreError CONFIG_FILE
 */
export function readPem(flag: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const reason = systemCodeOf(cause) ?? 'unreadable';
    throw appError('CONFIG_FILE', { flag, path, reason }, cause);
  }
}

/**
 * Never over what is there: a key that is gone cuts off whoever has its certificate. Nor beside it: a
 * certificate whose key was taken elsewhere would get one that is not its own.
 */
function write(
  folder: string,
  name: string,
  { certificate, privateKey }: { certificate: string; privateKey: Secret },
): string[] {
  requireAbsent(folder, name);
  const { key, crt } = filesOf(folder, name);
  writeFileSync(key, privateKey.reveal(), { mode: 0o600, flush: true, flag: 'wx' });
  writeFileSync(crt, certificate, { mode: 0o644, flush: true, flag: 'wx' });
  return [crt, key];
}

/** @throws StoreError PKI_EXISTS when there is either of the two */
function requireAbsent(folder: string, name: string): void {
  const isThere = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  if (Object.values(filesOf(folder, name)).some(isThere)) {
    throw appError('PKI_EXISTS', { folder, name });
  }
}

function filesOf(folder: string, name: string) {
  return { key: join(folder, `${name}.key`), crt: join(folder, `${name}.crt`) };
}
