import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isStoreError } from '../../base/index.ts';
import { readDockerfile } from './read-dockerfile.ts';

const folder = mkdtempSync(join(tmpdir(), 'cm-dockerfile-'));
after(() => rmSync(folder, { recursive: true }));

async function* nobody(): AsyncGenerator<string> {}

/* What stands beside a Dockerfile as its .dockerignore, and what is read, or why not. */
const besides: readonly [what: string, put: (path: string) => void, end: string | undefined][] = [
  ['nothing', () => undefined, undefined],
  ['a file', (path) => writeFileSync(path, '*.key\n'), '*.key\n'],
  ['a link that leads nowhere', (path) => symlinkSync('nowhere', path), undefined],
  ['a folder', (path) => mkdirSync(path), 'EISDIR'],
  ['a link to itself', (path) => symlinkSync(path, path), 'ELOOP'],
];

for (const [what, put, end] of besides) {
  const isRefused = /^E[A-Z]+$/.test(end ?? '');
  test(`${what} as .dockerignore is ${isRefused ? 'refused' : 'read as docker does'}`, async () => {
    const context = mkdtempSync(join(folder, 'context-'));
    const file = join(context, 'Dockerfile');
    writeFileSync(file, 'FROM scratch\n');
    put(`${file}.dockerignore`);
    const read = readDockerfile(context, undefined, { stdin: nobody() });
    if (isRefused) {
      const isTold = (error: unknown) =>
        isStoreError(error) && error.code === 'CLI_FILE' && error.message.includes(end ?? '');
      await assert.rejects(read, isTold);
    } else {
      const bytes = (await read).beside.get('.dockerignore');
      assert.equal(bytes && Buffer.from(bytes).toString(), end);
    }
  });
}
