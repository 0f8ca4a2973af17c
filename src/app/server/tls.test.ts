import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openTls } from './tls.ts';

const now = new Date('2026-11-20T12:00:00Z');
const folder = mkdtempSync(join(tmpdir(), 'cm-tls-'));
after(() => rmSync(folder, { recursive: true }));

test('the self-made certificate is kept, and made anew for a new name or after a torn write', () => {
  const made = openTls(folder, ['localhost'], now);
  assert.equal(openTls(folder, ['localhost'], now).cert, made.cert);
  const renamed = openTls(folder, ['store.example'], now);
  assert.notEqual(renamed.cert, made.cert);
  writeFileSync(join(folder, 'key.pem'), made.key);
  assert.notEqual(openTls(folder, ['store.example'], now).cert, renamed.cert);
  assert.equal(statSync(join(folder, 'key.pem')).mode & 0o077, 0);
});
