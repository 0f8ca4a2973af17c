import { type KeyObject, sign, verify } from 'node:crypto';

/*
 * TUF writes an ECDSA signature as r and s, each as wide as the numbers of its curve; OpenSSL reads and
 * writes it in DER (RFC 3279 section 2.2.3). `node:crypto` converts when it is asked to, but to be
 * asked costs it as much time as the signature: it looks at what is then not only a key by way of two
 * errors. So this is done here.
 */

/** Bytes of a number of each curve. */
const widths = new Map([
  ['secp224r1', 28],
  ['prime256v1', 32],
  ['secp384r1', 48],
  ['secp521r1', 66],
]);
const [sequence, integer, longLength] = [0x30, 0x02, 0x81];

/**
 * Whether this is the key's signature over the payload, hashed with SHA-256 whatever the curve.
 * @param signature  r and s; another length than twice the curve's fits nothing
 */
export function ecdsaFits(key: KeyObject, signature: Uint8Array, payload: Uint8Array): boolean {
  return signature.length === 2 * widthOf(key) && verify('sha256', payload, key, inDer(signature));
}

/** @returns r and s, hashed as {@link ecdsaFits} does */
export function ecdsaSign(key: KeyObject, payload: Uint8Array): Uint8Array {
  return outOfDer(sign('sha256', payload, key), widthOf(key));
}

function widthOf(key: KeyObject): number {
  const width = widths.get(key.asymmetricKeyDetails?.namedCurve ?? '');
  if (width === undefined) throw new TypeError('an ECDSA key on a NIST curve');
  return width;
}

function inDer(signature: Uint8Array): Uint8Array {
  const width = signature.length / 2;
  const r = integerOf(signature.subarray(0, width));
  const s = integerOf(signature.subarray(width));
  const length = r.length + s.length;
  const head = length < 0x80 ? [sequence, length] : [sequence, longLength, length];
  return Buffer.concat([Uint8Array.from(head), r, s]);
}

/** The shortest form of a number that is not negative. */
function integerOf(bytes: Uint8Array): Uint8Array {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from++;
  const digits = bytes.subarray(from);
  const sign = (digits[0] ?? 0) >= 0x80 ? [0] : [];
  return Uint8Array.of(integer, sign.length + digits.length, ...sign, ...digits);
}

/** @param der  as OpenSSL wrote it */
function outOfDer(der: Uint8Array, width: number): Uint8Array {
  const signature = new Uint8Array(2 * width);
  let at = der[1] === longLength ? 3 : 2;
  for (const end of [width, 2 * width]) {
    const length = der[at + 1] ?? 0;
    const digits = der.subarray(at + 2, at + 2 + length).subarray(-width);
    signature.set(digits, end - digits.length);
    at += 2 + length;
  }
  return signature;
}
