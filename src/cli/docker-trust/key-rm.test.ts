/** `key rm`: who is asked, and what it refuses. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { keyOf, keysOf, must, paula } from '../../../test/support/keys-desk.ts';
import { MemoryTrust } from '../../../test/support/memory-trust.ts';
import { TrustDesk } from '../../../test/support/trust-desk.ts';

/** `key rm` of a role with these flags, with or without a terminal where `answer` is typed. */
const removals: readonly [
  role: string,
  flags: string[],
  answer: string | undefined,
  code: number,
  says: RegExp,
][] = [
  ['jeff', [], undefined, 3, /^CLI_NOT_ASKED: /],
  ['jeff', ['-y'], undefined, 0, /^Removed the jeff key /],
  ['jeff', [], 'y\n', 0, /Are you sure .*\[y\/N\] Removed the jeff key /],
  ['jeff', [], 'n\n', 1, /Nothing was removed/],
  ['jeff', [], '', 1, /Nothing was removed/],
  ['root', [], undefined, 1, /is the only root key of localhost:5443\/acme\/app.*\nCLI_LAST_ROOT/],
  ['root', ['-y'], undefined, 1, /CLI_LAST_ROOT/],
  ['root', ['-y'], 'n\n', 1, /WARNING(.*\n)*.*Nothing was removed/],
  ['root', ['-y'], 'y\n', 0, /WARNING(.*\n)*.*Removed the root key/],
  ['root', ['-y', '--last-root'], undefined, 0, /WARNING(.*\n)*Removed the root key/],
];

for (const [role, flags, answer, code, says] of removals) {
  const where = answer === undefined ? 'without a terminal' : `answered ${JSON.stringify(answer)}`;
  test(`key rm ${flags.join(' ')} of ${role}, ${where}, ends with ${code}`, async () => {
    using desk = paula({ isTerminal: answer !== undefined });
    const { id, location } = await keyOf(desk, role);
    const ended = await desk.run(['key', 'rm', ...flags, id], answer);
    assert.match(ended.stderr + ended.stdout, says);
    assert.equal(ended.code, code);
    assert.equal(existsSync(location), code !== 0);
  });
}

test('with another root key of the repository here, the first may go', async () => {
  using desk = paula();
  const first = await keyOf(desk, 'root');
  await must(desk, 'key', 'generate', 'root', '--dir', desk.folder);
  // The new one is no root key of the repository: the first is still its last.
  assert.equal((await desk.run(['key', 'rm', '-y', first.id])).code, 1);
  const second = (await keysOf(desk)).find(({ role, id }) => role === 'root' && id !== first.id);
  await must(desk, 'key', 'rm', '-y', second?.id ?? '');
});

test('the only root key of a folder without metadata is the last one too', async () => {
  using desk = new TrustDesk(new MemoryTrust(() => new Date()));
  await must(desk, 'key', 'generate', 'root', '--dir', desk.folder);
  const { stderr } = await desk.run(['key', 'rm', '-y', (await keyOf(desk, 'root')).id]);
  assert.match(stderr, /^WARNING.*\nCLI_LAST_ROOT/);
});
