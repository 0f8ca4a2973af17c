import { fromUtf8, isStoreError, type JsonMembers, parseJson } from '../base/index.ts';
import { tufError } from './errors.ts';
import { type Members, writeEnvelope } from './go-form.ts';
import { requireSize } from './limits.ts';
import { withTargetsLater } from './listed-files.ts';
import { Matcher } from './matcher.ts';
import type { MetadataFile, SignedOf, Targets } from './metadata.ts';
import { fileOf, type Reading, readMetadata } from './parse-metadata.ts';
import { cutTargets } from './plain-targets.ts';
import { isTargetsRole, type RoleName } from './role-name.ts';

/**
 * Refuses a file that Go would write differently after reading it. A Go server that signs the
 * snapshot lists the hash of *its own* writing of an upload and then stores the upload: if the two
 * differ, nobody can read the repository again. So what is not a fixpoint is not taken in.
 *
 * The rules: only members that Notary knows, in canonical order; no white space; `<`, `>`, `&`,
 * U+2028 and U+2029 escaped, nothing else but `"` and `\`; times without trailing zeros; methods in
 * lower case; `null` only where Go has an empty list or map. A target's `custom` may be any JSON
 * without white space.
 *
 * @returns the file
 * @throws StoreError TUF_NOT_FIXPOINT
 * @see notary 0.7.0 server/handlers/validation.go, tuf/data (struct tags); docker/go canonical/json
 */
export function requireFixpoint<F extends MetadataFile>(file: F): F {
  const { bytes, signed, role } = file;
  return refuse(file, differenceIn({ bytes, json: parseJson(bytes), type: signed.type }), role);
}

/**
 * Parses a file and requires that it is a fixpoint; its JSON is read once, and of a list of plain
 * targets not even that. @see plain-targets.ts
 * @throws StoreError as {@link parseMetadata} and {@link requireFixpoint} do
 */
export function parseFixpoint<R extends RoleName>(
  role: R,
  bytes: Uint8Array,
): MetadataFile<SignedOf<R>> {
  requireSize(role, bytes);
  return (
    (readPlain(role, bytes) as MetadataFile<SignedOf<R>> | undefined) ?? readWhole(role, bytes)
  );
}

/** A file of plain targets, of which only the rest need be read; undefined for any other. */
function readPlain(role: RoleName, bytes: Uint8Array): MetadataFile<Targets> | undefined {
  const cut = isTargetsRole(role) ? cutTargets(bytes) : undefined;
  const payload = cut && payloadIn(cut.rest) && payloadIn(bytes);
  if (!cut || !payload) return undefined;
  try {
    const { signed, signatures } = readWhole(role, cut.rest) as MetadataFile<Targets>;
    const list = () => JSON.parse(`{${fromUtf8(cut.targets)}}`) as JsonMembers;
    return fileOf(role, bytes, withTargetsLater(signed, list), payload, signatures);
  } catch (error) {
    // Whatever is wrong with it is said of the whole file.
    if (isStoreError(error)) return undefined;
    throw error;
  }
}

function readWhole<R extends RoleName>(role: R, bytes: Uint8Array): MetadataFile<SignedOf<R>> {
  let difference: number | undefined;
  const file = readMetadata(role, bytes, (reading) => {
    difference = differenceIn(reading);
    return difference === undefined ? payloadIn(bytes) : undefined;
  });
  return refuse(file, difference, role);
}

function differenceIn({ bytes, json, type }: Reading): number | undefined {
  const matcher = new Matcher(fromUtf8(bytes));
  writeEnvelope(matcher, json as Members, type);
  return matcher.firstDifference();
}

function refuse<F>(file: F, at: number | undefined, role: RoleName): F {
  if (at !== undefined) throw tufError('TUF_NOT_FIXPOINT', { role, at });
  return file;
}

const start = Buffer.from('{"signed":');
const end = Buffer.from(',"signatures":');
const custom = Buffer.from('"custom":');

/**
 * The payload of a fixpoint, where it stands in its bytes: Go's writing is the canonical JSON that
 * was signed but for two things, what it escapes and what it copies.
 */
function payloadIn(bytes: Uint8Array): Uint8Array | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (text.includes('\\') || text.includes(custom)) return undefined;
  return bytes.subarray(start.length, text.lastIndexOf(end));
}
