import type { ByteRange } from '../../registry/index.ts';
import { registryApiError } from './errors.ts';

/**
 * The part of a blob that a Range header asks for.
 *
 * @returns undefined for all of it: without a header, with another unit, or for several parts at
 *          once, which a server may answer with the whole
 * @throws StoreError REGISTRY_API_RANGE when it is malformed or lies outside the blob
 * @see RFC 9110 section 14.2
 */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange | undefined {
  if (header === undefined || !/^bytes=/i.test(header) || header.includes(',')) return undefined;
  const refuse = () =>
    registryApiError('REGISTRY_API_RANGE', { range: header.slice(0, 100), sizeBytes });
  const [, first = '', last = ''] = /^bytes=\s*(\d{0,16})-(\d{0,16})\s*$/i.exec(header) ?? [];
  if (first === '' && last === '') throw refuse();
  const start = first === '' ? Math.max(sizeBytes - Number(last), 0) : Number(first);
  const end = first === '' || last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  if (start > end || (last !== '' && first !== '' && Number(last) < start)) throw refuse();
  return { start, end };
}

/**
 * Where a chunk of an upload says it belongs: `0-1023`, or with the unit that RFC 9110 wants,
 * `bytes 0-1023/4096`.
 *
 * @throws StoreError REGISTRY_API_CONTENT_RANGE
 * @see OCI distribution-spec 1.1, "Pushing a blob in chunks"
 */
export function parseContentRange(header: string): ByteRange {
  const [, first, last] =
    /^(?:bytes[ =])?(\d{1,16})-(\d{1,16})(?:\/(?:\d{1,16}|\*))?$/.exec(header) ?? [];
  const range = { start: Number(first), end: Number(last) };
  const valid = Number.isSafeInteger(range.end) && range.start <= range.end;
  if (!valid) throw registryApiError('REGISTRY_API_CONTENT_RANGE', { range: header.slice(0, 100) });
  return range;
}
