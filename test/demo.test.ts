import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainEnvironment, printed, runCommand } from './support/command.ts';

test('npm run demo tells the chain and refuses what is unsigned or tampered with', async () => {
  const demo = await runCommand('npm', ['run', '--silent', 'demo'], {
    cwd: `${import.meta.dirname}/..`,
    env: plainEnvironment(),
    timeoutMs: 60_000,
  });
  assert.equal(demo.code, 0, printed(demo));
  for (const told of [
    /holds {2}root .*\n.*holds {2}timestamp /,
    /holds {2}target .*signed by countermark/,
    /TUF_TARGET_UNKNOWN/,
    /CLIENT_NO_TRUST_DATA/,
    /BROKEN layer .*CLIENT_DIGEST_MISMATCH/,
    /All \d+ expectations held/,
  ]) {
    assert.match(demo.stdout, told);
  }
});
