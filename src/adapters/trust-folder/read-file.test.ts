import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readTrustFile } from './read-file.ts';

const limitBytes = 10;

test('a file is read whole up to the limit, and one that is not there is absent', async (t) => {
  const path = join(temporaryFolder(t), 'a');
  assert.equal(await readTrustFile(path, limitBytes), undefined);
  for (const text of ['', 'x', 'x'.repeat(limitBytes)]) {
    writeFileSync(path, text);
    assert.deepEqual(await readTrustFile(path, limitBytes), Buffer.from(text));
  }
  appendFileSync(path, 'x');
  await assert.rejects(readTrustFile(path, limitBytes), { code: 'FOLDER_TOO_LARGE' });
});

test('a file of the system that says it has no bytes is read, and held to the limit', async () => {
  const path = '/proc/self/cmdline';
  const bytes = await readTrustFile(path, 1024 * 1024);
  assert.ok(Buffer.from(bytes ?? []).includes('node'), String(bytes));
  await assert.rejects(readTrustFile(path, 3), { code: 'FOLDER_TOO_LARGE' });
});

/** What lies where a file is expected. */
const others: Readonly<Record<string, (path: string) => void>> = {
  'a folder': (path) => mkdirSync(path),
  'a pipe that nobody writes to': (path) => execFileSync('mkfifo', [path]),
  'a link to a device without an end': (path) => symlinkSync('/dev/zero', path),
};

for (const [what, lay] of Object.entries(others)) {
  test(`${what} is refused at once`, async (t) => {
    const path = join(temporaryFolder(t), 'a');
    lay(path);
    await assert.rejects(readTrustFile(path, limitBytes), {
      code: 'FOLDER_UNREADABLE',
      message: `${path} cannot be read (it is not a file); nothing was trusted without it`,
    });
  });
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cm-read-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}
