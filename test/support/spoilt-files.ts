import assert from 'node:assert/strict';
import { fromUtf8, parseJson, utf8 } from '../../src/base/index.ts';
import { limitBytesOf, type MetadataFile, serializeEnvelope } from '../../src/tuf/index.ts';
import { newSigner, type SimulatedPublisher } from './simulated-publisher.ts';

/*
 * Ways to spoil one file of an honest update: by whoever carries it, and by whoever has the key of
 * its role. What refuses them stands in the tables of the tests that use them.
 */

/** Other bytes for a file that the publisher has just signed. */
export type Spoil = (
  file: MetadataFile,
  publisher: SimulatedPublisher,
) => Uint8Array | Promise<Uint8Array>;

/** The same content under these signatures. */
export function envelope(file: MetadataFile, signatures = file.signatures): Uint8Array {
  return serializeEnvelope(file.payload, signatures);
}

/** One bit of every signature is another. */
export function changeSignature(file: MetadataFile): Uint8Array {
  const signatures = file.signatures.map((signature) => {
    const bytes = Uint8Array.from(signature.bytes);
    bytes[9] = (bytes[9] ?? 0) ^ 1;
    return { ...signature, bytes };
  });
  return envelope(file, signatures);
}

/** Valid for longer than was signed. */
export function laterExpiry(file: MetadataFile): Uint8Array {
  return utf8(fromUtf8(file.bytes).replace('"expires":"20', '"expires":"21'));
}

/** Signed by a key that nobody named. */
export async function byStranger(file: MetadataFile): Promise<Uint8Array> {
  return envelope(file, [await newSigner().sign(file.payload)]);
}

async function signedAs(file: MetadataFile, publisher: SimulatedPublisher, change: object) {
  return (await publisher.sign(file.role, { ...file.signed, ...change } as never)).bytes;
}

/** Signed again, with an expiry in the past. */
export function expired(file: MetadataFile, publisher: SimulatedPublisher) {
  return signedAs(file, publisher, { expiresAt: new Date('2026-11-20T12:00:00Z') });
}

/** Signed again, with another expiry: valid, and not what a snapshot over it lists. */
export function newerExpiry(file: MetadataFile, publisher: SimulatedPublisher) {
  return signedAs(file, publisher, { expiresAt: new Date(file.expiresAt.getTime() + 60_000) });
}

/** Signed again, with another version. */
export function version(of: (version: number) => number): Spoil {
  return (file, publisher) => signedAs(file, publisher, { version: of(file.version) });
}

/** Says that it is of another role. */
export function otherType(file: MetadataFile): Uint8Array {
  return utf8(fromUtf8(file.bytes).replace(/"_type":"\w+"/, '"_type":"Timestamp"'));
}

/** The same, and a newline that Go would not write. */
export function newline(file: MetadataFile): Uint8Array {
  return utf8(`${fromUtf8(file.bytes)}\n`);
}

/** The same with white space that Go would not write. */
export function pretty(file: MetadataFile): Uint8Array {
  return utf8(JSON.stringify(parseJson(file.bytes), undefined, 1));
}

/** Signed again, with a member that Go drops. */
export function extraMember(
  file: MetadataFile,
  publisher: SimulatedPublisher,
): Promise<Uint8Array> {
  return resigned(file, publisher, (text) => text.replace('{"_type"', '{"A":1,"_type"'));
}

/** Signed again, with a zero at the end of a time that Go trims. */
export function zeroInTime(file: MetadataFile, publisher: SimulatedPublisher): Promise<Uint8Array> {
  return resigned(file, publisher, (text) =>
    text.replace(
      /("expires":"[^."]*)(\.[0-9]+)?Z"/,
      (_all, start, fraction) => `${start}${fraction ?? '.'}0Z"`,
    ),
  );
}

async function resigned(
  file: MetadataFile,
  publisher: SimulatedPublisher,
  change: (text: string) => string,
) {
  const payload = utf8(change(fromUtf8(file.payload)));
  assert.notDeepEqual(payload, file.payload);
  const signers = publisher.signers.get(file.role) ?? [];
  return serializeEnvelope(
    payload,
    await Promise.all(signers.map((signer) => signer.sign(payload))),
  );
}

/** One byte more than a file of the role may have. */
export function tooLarge(file: MetadataFile): Uint8Array {
  return new Uint8Array(limitBytesOf(file.role) + 1);
}

/** Signed by the publisher, with the key of another role. */
export async function byOtherRole(
  file: MetadataFile,
  { signers }: SimulatedPublisher,
): Promise<Uint8Array> {
  const [signer] = signers.get(file.role === 'targets' ? 'root' : 'targets') ?? [];
  return envelope(file, signer ? [await signer.sign(file.payload)] : []);
}
