import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isStoreError } from '../../base/index.ts';
import { openLog } from '../log.ts';
import { readMutualTls, watchMutualTls } from './mutual-tls.ts';
import { addClient, initPki } from './pki.ts';
import { renewMember } from './pki-renew.ts';
import { readWithdrawn, withdrawMember } from './pki-withdraw.ts';

const now = new Date();
const exists = (error: unknown) => isStoreError(error) && error.code === 'PKI_EXISTS';

function folderWith(t: TestContext, ...files: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'cm-pki-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const file of files) writeFileSync(join(folder, file), 'mine');
  return folder;
}

test('where there is any of it, nothing is made', (t) => {
  for (const file of ['ca.crt', 'ca.key', 'signer.crt', 'signer.key', 'client.crt', 'client.key']) {
    const folder = folderWith(t, file);
    assert.throws(() => initPki(folder, [], now), exists);
    assert.deepEqual(readdirSync(folder), [file]);
  }
});

test('a certificate whose key was taken away gets no other one', (t) => {
  const folder = folderWith(t);
  initPki(folder, [], now);
  addClient(folder, 'blue', now);
  rmSync(join(folder, 'blue.key'));
  const before = readdirSync(folder);
  assert.throws(() => addClient(folder, 'blue', now), exists);
  assert.deepEqual(readdirSync(folder), before);
});

test('who is withdrawn at the same moment as others is withdrawn', async (t) => {
  const folder = folderWith(t);
  initPki(folder, [], now);
  const names = ['blue', 'green', 'red', 'client'];
  for (const name of names.slice(0, 3)) addClient(folder, name, now);
  await Promise.all(names.map((name) => withdrawMember(folder, name, now)));
  assert.equal(readWithdrawn(folder)?.size, 4);
  await withdrawMember(folder, 'blue', now);
  assert.equal(readWithdrawn(folder)?.size, 4);
});

test('a certificate that is renewed while its user starts is used at once', (t) => {
  const folder = folderWith(t);
  initPki(folder, [], now);
  const files = { flag: '--pki', folder, name: 'signer' } as const;
  const before = readMutualTls(files);
  const used: string[] = [];
  const watch = () =>
    watchMutualTls(files, before, { log: openLog('silent'), clock: () => now }, ({ cert }) => {
      used.push(cert);
    });
  watch()[Symbol.dispose]();
  assert.deepEqual(used, []);
  renewMember(folder, 'signer', {}, now);
  watch()[Symbol.dispose]();
  assert.deepEqual(used, [readMutualTls(files).cert]);
});
