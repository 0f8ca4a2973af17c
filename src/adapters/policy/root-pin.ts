import { createPublicKey, X509Certificate } from 'node:crypto';
import { fromUtf8, isStoreError, systemCodeOf, utf8 } from '../../base/index.ts';
import type { RootPin } from '../../client/index.ts';
import { type KeyId, parseKeyId, publicKey } from '../../tuf/index.ts';
import { filled, list, text, wrong, type YamlValue } from './yaml-values.ts';

/** Reads a file that the policy names. Rejects when it cannot. */
export type ReadNamed = (file: string) => Uint8Array;

/**
 * Who must have signed a root: keys by id, keys in certificates, authorities that issued such a
 * certificate; at least one.
 * @param read  files with certificates, by their names in the policy
 * @throws StoreError POLICY_UNKNOWN_KEY, POLICY_VALUE
 */
export function rootPin(root: YamlValue, at: string, read: ReadNamed): RootPin {
  const pins = filled(root, at, ['keys', 'certificates', 'authorities']);
  const named = (name: string) => (file: YamlValue, place: string) =>
    certificateIn(text(file, place), place, read, name === 'authorities');
  const keys = list(keyId)(pins.get('keys'), `${at}.keys`);
  const certificates = list(named('certificates'))(pins.get('certificates'), `${at}.certificates`);
  const authorities = list(named('authorities'))(pins.get('authorities'), `${at}.authorities`);
  const pin: RootPin = {
    rootKeyIds: [...keys, ...certificates.flatMap(idsOf)],
    authorities: authorities.map(String),
  };
  if (pin.rootKeyIds.length + authorities.length > 0) return pin;
  throw wrong(root, at, 'keys, certificates or authorities, at least one');
}

function keyId(value: YamlValue, path: string): KeyId {
  try {
    return parseKeyId(text(value, path));
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw wrong(value, path, 'a key id of 64 hexadecimal digits in lower case, in quotes');
  }
}

function certificateIn(
  file: string,
  path: string,
  read: ReadNamed,
  isAuthority: boolean,
): X509Certificate {
  const wanted = `a file with one PEM certificate${isAuthority ? ' of an authority' : ''}`;
  let pem: string;
  try {
    pem = fromUtf8(read(file));
  } catch (error) {
    throw wrong(file, path, `${wanted} (${systemCodeOf(error) ?? 'unreadable'})`);
  }
  if (pem.match(/-----BEGIN CERTIFICATE-----/g)?.length !== 1) throw wrong(file, path, wanted);
  try {
    const certificate = new X509Certificate(pem);
    if (certificate.ca || !isAuthority) return certificate;
  } catch {
    // Said below.
  }
  throw wrong(file, path, wanted);
}

/** The id of the key in it, which stays when the certificate is made anew. */
function idsOf(certificate: X509Certificate): KeyId[] {
  const pem = certificate.toString();
  const kind = createPublicKey(pem).asymmetricKeyType === 'rsa' ? 'rsa-x509' : 'ecdsa-x509';
  return [publicKey(kind, utf8(pem)).canonicalId];
}
