import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remoteError } from './errors.ts';
import { persistently } from './persistence.ts';

/** The waits before each attempt but the first, in ms, for a server that answers so. */
async function waitsFor(...details: Parameters<typeof remoteError>[1][]): Promise<unknown> {
  const waits: number[] = [];
  const work = async (attempt: number) => {
    const detail = details[attempt - 1];
    if (detail) throw remoteError('REMOTE_STATUS', detail);
    return waits;
  };
  const pause = async (_attempt: number, leastMs: number) => void waits.push(leastMs);
  return await persistently(work, pause).catch(({ code }) => [...waits, code]);
}

test('what passes is done again, after as long as the server asks for', async () => {
  assert.deepEqual(
    await waitsFor({ status: 503 }, { status: 429, retryAfterSeconds: 7 }),
    [0, 7_000],
  );
  assert.deepEqual(await waitsFor({ status: 429, retryAfterSeconds: 60 }), [60_000]);
});

test('a server that wants to be let alone for long is not waited for, and not asked again', async () => {
  assert.deepEqual(await waitsFor({ status: 429, retryAfterSeconds: 61 }), ['REMOTE_STATUS']);
});

test('what does not pass is not done again', async () => {
  assert.deepEqual(await waitsFor({ status: 403 }), ['REMOTE_STATUS']);
});
