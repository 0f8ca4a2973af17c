import { equalBytes } from '../../base/index.ts';
import * as der from '../der/index.ts';

const rsaEncryption = der.objectIdentifier('1.2.840.113549.1.1.1');
const noParameters = Uint8Array.of(0x05, 0x00);

/**
 * The private key of a PKCS #8 file in the frame that RFC 5208 asks for. Docker and notary number an EC
 * key as version 1, which is RFC 5958's for one with its public half beside it, and leave the
 * NULL out of RSA's algorithm. OpenSSL minds neither; BoringSSL, which the one executable has, refuses both.
 *
 * @param bytes  DER of a PrivateKeyInfo
 * @returns      the same; what is none as it is, for OpenSSL to say what is wrong with it
 * @see notary 0.7.0, tuf/utils/pkcs8.go convertTUFKeyToPKCS8
 */
export function plainPrivateKeyInfo(bytes: Uint8Array): Uint8Array {
  const [info] = der.readValues(bytes) ?? [];
  const [version, algorithm, key] = der.readInside(info);
  if (!version || !algorithm || !key) return bytes;
  const isRsa = equalBytes(algorithm.content.subarray(0, rsaEncryption.length), rsaEncryption);
  return der.sequence(
    der.integer(0),
    der.sequence(...(isRsa ? [rsaEncryption, noParameters] : [algorithm.content])),
    der.octetString(key.content),
  );
}
