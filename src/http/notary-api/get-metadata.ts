import type { StoredFile } from '../../trust/index.ts';
import { notaryError } from './errors.ts';
import { gunOf, roleOf } from './params.ts';
import type { Call } from './routes.ts';

/**
 * `<role>.json`: the newest version. Never cached: a publish is visible at once and a recall is
 * too. (Notary lets caches keep it for five minutes, see docs/divergences.md.)
 */
export async function getCurrent(call: Call) {
  const file = await call.trust.current(gunOf(call), roleOf(call), call.now);
  return send(call, file, 'no-store');
}

/** `<role>.<sha256>.json`: names its bytes, so caches may keep it. Lower case hex only, as the peer. */
export async function getByChecksum(call: Call) {
  const checksum = call.params.get('checksum') ?? '';
  const file = await call.trust.byChecksum(gunOf(call), roleOf(call), checksum);
  return send(call, file, 'immutable');
}

/**
 * `<version>.<role>.json`. Not cached: after a DELETE a version may come again with other bytes.
 * There is no version 0, nor one with leading zeros.
 */
export async function getByVersion(call: Call) {
  const text = call.params.get('version') ?? '';
  const version = /^[1-9][0-9]{0,9}$/.test(text) ? Number(text) : undefined;
  const file =
    version === undefined
      ? undefined
      : await call.trust.byVersion(gunOf(call), roleOf(call), version);
  return send(call, file, 'no-store');
}

function send(call: Call, file: StoredFile | undefined, cache: 'no-store' | 'immutable') {
  if (!file) throw notaryError('NOTARY_NOT_FOUND');
  return call.reply
    .header(
      'cache-control',
      cache === 'immutable' ? forMonth(call) : 'max-age=0, no-cache, no-store',
    )
    .header('last-modified', file.storedAt.toUTCString())
    .type('application/json')
    .send(file.bytes);
}

/** A shared cache may keep only what it would have been given without a name. */
function forMonth({ principal }: Call): string {
  const scope = principal.name === undefined ? 'public' : 'private';
  return `${scope}, max-age=2592000, immutable`;
}
