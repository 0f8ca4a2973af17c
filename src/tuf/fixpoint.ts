import { fromUtf8, type Json, parseJson } from '../base/index.ts';
import { tufError } from './errors.ts';
import { type Members, writeEnvelope } from './go-form.ts';
import { Matcher } from './matcher.ts';
import type { MetadataFile, SignedOf } from './metadata.ts';
import { readMetadata } from './parse-metadata.ts';
import type { RoleName } from './role-name.ts';

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
  return compare(file, parseJson(file.bytes));
}

/**
 * Parses a file and requires that it is a fixpoint; its JSON is read once.
 * @throws StoreError as {@link parseMetadata} and {@link requireFixpoint} do
 */
export function parseFixpoint<R extends RoleName>(
  role: R,
  bytes: Uint8Array,
): MetadataFile<SignedOf<R>> {
  const { file, json } = readMetadata(role, bytes);
  return compare(file, json);
}

function compare<F extends MetadataFile>(file: F, json: Json): F {
  const matcher = new Matcher(fromUtf8(file.bytes));
  writeEnvelope(matcher, json as Members, file.signed.type);
  const at = matcher.firstDifference();
  if (at !== undefined) throw tufError('TUF_NOT_FIXPOINT', { role: file.role, at });
  return file;
}
