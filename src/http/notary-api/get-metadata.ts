import type { StoredFile } from '../../trust/index.ts';
import type { Principal } from '../auth/index.ts';
import { notaryError } from './errors.ts';
import { gunOf, roleOf } from './params.ts';
import type { Call } from './routes.ts';

/**
 * `<role>.json`: the newest version. A cache asks each time whether it still is: a publish is visible
 * at once and a recall is too. (Notary lets caches keep it for five minutes, see
 * docs/divergences.md.)
 */
export async function getCurrent(call: Call) {
  const file = await call.trust.current(gunOf(call), roleOf(call), call.now);
  return send(call, file, 'revalidate');
}

/** `<role>.<sha256>.json`: names its bytes, so caches may keep it. Lower case hex only, as the peer. */
export async function getByChecksum(call: Call) {
  const checksum = call.params.get('checksum') ?? '';
  const file = await call.trust.byChecksum(gunOf(call), roleOf(call), checksum);
  return send(call, file, 'immutable');
}

/**
 * `<version>.<role>.json`. Asked for each time: after a DELETE a version may come again with other bytes,
 * under another root.
 * There is no version 0, nor one with leading zeros.
 */
export async function getByVersion(call: Call) {
  const text = call.params.get('version') ?? '';
  const version = /^[1-9][0-9]{0,9}$/.test(text) ? Number(text) : undefined;
  const file =
    version === undefined
      ? undefined
      : await call.trust.byVersion(gunOf(call), roleOf(call), version);
  return send(call, file, 'revalidate');
}

/**
 * The file as it is stored, or 304 to whoever has it already: its hash is its entity tag.
 * @see RFC 9110, "If-None-Match"
 */
function send(call: Call, file: StoredFile | undefined, cache: Caching) {
  if (!file) throw notaryError('NOTARY_NOT_FOUND');
  const reply = call.reply.headers(headersOf(file, cache, call.principal));
  if (isKnown(file, call.request.headers['if-none-match'])) return reply.code(304).send();
  return reply.type(metadataType).send(file.bytes);
}

export const metadataType = 'application/json';

/** How long an answer may be kept. */
export type Caching = 'revalidate' | 'immutable';

/** Headers of a file, also where it is not sent again. */
export function headersOf(file: StoredFile, cache: Caching, { name }: Principal) {
  // A shared cache may keep only what it would have been given without a name.
  const scope = name === undefined ? 'public' : 'private';
  return {
    'cache-control': `${scope}, ${caching[cache]}`,
    etag: `"${file.sha256}"`,
    'last-modified': file.storedAt.toUTCString(),
  };
}

const caching = { revalidate: 'max-age=0, no-cache', immutable: 'max-age=2592000, immutable' };

/** Whether the header lists the file's tag, or `*`. Weak tags compare like strong ones here. */
export function isKnown({ sha256 }: StoredFile, header: string | undefined): boolean {
  if (header === undefined) return false;
  const tags = header
    .slice(0, 4096)
    .split(',')
    .map((text) => text.trim());
  return tags.some((text) => text === '*' || text.replace(/^W\//, '') === `"${sha256}"`);
}
