import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSigner } from '../../test/support/simulated-repository.ts';
import { newTargets, signFile } from '../tuf/index.ts';
import { Expiries } from './expiries.ts';

const now = new Date('2026-11-20T12:00:00Z');

test('a file is read once, and what has another hash is another file', async () => {
  const file = await signFile('targets', newTargets(now), [makeSigner()]);
  const expiries = new Expiries();
  assert.deepEqual(expiries.of(file), file.expiresAt);
  const unreadable = { ...file, bytes: new Uint8Array() };
  assert.deepEqual(expiries.of(unreadable), file.expiresAt);
  assert.throws(() => expiries.of({ ...unreadable, sha256: '00' }), { code: 'TUF_MALFORMED' });
});
