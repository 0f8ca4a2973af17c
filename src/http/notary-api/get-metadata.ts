import type { StoredFile } from '../../trust/index.ts';
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
function send(call: Call, file: StoredFile | undefined, cache: 'revalidate' | 'immutable') {
  if (!file) throw notaryError('NOTARY_NOT_FOUND');
  const tag = `"${file.sha256}"`;
  const reply = call.reply
    .header('cache-control', `${scopeOf(call)}, ${caching[cache]}`)
    .header('etag', tag)
    .header('last-modified', file.storedAt.toUTCString());
  if (names(call.request.headers['if-none-match'], tag)) return reply.code(304).send();
  return reply.type('application/json').send(file.bytes);
}

const caching = { revalidate: 'max-age=0, no-cache', immutable: 'max-age=2592000, immutable' };

/** A shared cache may keep only what it would have been given without a name. */
function scopeOf({ principal }: Call): string {
  return principal.name === undefined ? 'public' : 'private';
}

/** Whether the header lists this tag, or `*`. Weak tags compare like strong ones here. */
function names(header: string | undefined, tag: string): boolean {
  const tags = (header ?? '')
    .slice(0, 4096)
    .split(',')
    .map((text) => text.trim());
  return tags.some((text) => text === '*' || text.replace(/^W\//, '') === tag);
}
