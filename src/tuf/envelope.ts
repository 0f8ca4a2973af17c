import { canonicalJsonOlpc, fromUtf8, type Json, toBase64, utf8 } from '../base/index.ts';
import type { Signature } from './signature.ts';

const unsafe = /[<>&\u2028\u2029]/g;

/**
 * The bytes of a metadata file as Go writes them: the signed payload with `<`, `>`, `&`, U+2028 and
 * U+2029 escaped, then the signatures; no white space, no newline at the end.
 *
 * @param payload  canonical JSON of `signed`, as signatures cover it
 * @see notary 0.7.0 tuf/data/types.go Signed; Go encoding/json, "compact" with HTML escaping
 */
export function serializeEnvelope(
  payload: Uint8Array,
  signatures: readonly Signature[],
): Uint8Array {
  const list = signatures.map(({ keyId, method, bytes }) => ({
    keyid: keyId,
    method,
    sig: toBase64(bytes),
  }));
  const signed = escapeHtml(fromUtf8(payload));
  const signers = escapeHtml(fromUtf8(canonicalJsonOlpc(list)));
  return utf8(`{"signed":${signed},"signatures":${signers}}`);
}

/**
 * Payload of a `signed` value.
 * @throws StoreError CANONICAL_JSON_UNSUPPORTED
 */
export function payloadOf(signed: Json): Uint8Array {
  return canonicalJsonOlpc(signed);
}

/** What Go's JSON writer does to a text that is JSON already. */
export function escapeHtml(json: string): string {
  return json.replace(unsafe, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
