import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isStoreError } from '../../base/index.ts';
import { dockerPolicy } from '../../client/index.ts';
import { readTrustPolicy } from './trust-policy.ts';

function trustFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cm-trust-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/* What stands where the policy should, and cannot be read or understood. */
const unreadable: readonly [what: string, put: (path: string) => void][] = [
  ['a folder', (path) => mkdirSync(path)],
  ['a link that leads nowhere', (path) => symlinkSync(`${path}.gone`, path)],
  ['a link to itself', (path) => symlinkSync(path, path)],
  ['nothing but a remark', (path) => writeFileSync(path, '# rules:\n')],
  ['no YAML', (path) => writeFileSync(path, 'rules: [')],
];

for (const [what, put] of unreadable) {
  test(`${what} for a policy is an error`, async (t) => {
    const folder = trustFolder(t);
    const path = join(folder, 'policy.yaml');
    put(path);
    for (const named of [undefined, path]) {
      await assert.rejects(
        readTrustPolicy(folder, named),
        (error) => isStoreError(error) && error.code === 'CONFIG_FILE',
      );
    }
  });
}

test('nothing in a file is an error, and no policy where it was named', async (t) => {
  const folder = trustFolder(t);
  writeFileSync(join(folder, 'policy.yaml'), '');
  await assert.rejects(
    readTrustPolicy(folder),
    (error) => isStoreError(error) && error.code === 'CONFIG_FILE',
  );
  assert.equal(await readTrustPolicy(folder, '/dev/null'), dockerPolicy);
});

test('without a policy it is as in docker, unless one was named', async (t) => {
  const folder = trustFolder(t);
  assert.equal(await readTrustPolicy(folder), dockerPolicy);
  assert.equal(await readTrustPolicy(join(folder, 'none')), dockerPolicy);
  const named = readTrustPolicy(folder, join(folder, 'policy.yaml'));
  await assert.rejects(named, (error) => isStoreError(error) && error.code === 'CONFIG_FILE');
});
