import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findTrustCommand } from './find-command.ts';

// As docker 28.2.2 was seen to take them: what is found, and the words that are left to it.
const rows: readonly [words: string, found: string, rest: string][] = [
  ['', '', ''],
  ['inspect a', 'inspect', 'a'],
  ['key generate a', 'key generate', 'a'],
  ['key', 'key', ''],
  ['key nosuch a', 'key', 'nosuch a'],
  ['nosuch key generate', '', 'nosuch key generate'],
  ['key --help=false generate a', 'key generate', 'a'],
  ['--help inspect a', 'inspect', 'a'],
  ['--offline inspect a', 'inspect', 'a'],
  ['--policy inspect inspect a', 'inspect', 'a'],
  ['--policy=p inspect a', 'inspect', 'a'],
  // The word behind an unknown flag could be its value.
  ['--nosuch inspect a', '', '--nosuch inspect a'],
  ['-y inspect a', '', '-y inspect a'],
  ['-- inspect a', '', '-- inspect a'],
  ['--nosuch x inspect a', 'unknown flag: --nosuch', ''],
  ['--nosuch=x inspect a', 'unknown flag: --nosuch', ''],
  ['key -y=1 generate a', "unknown shorthand flag: 'y' in -y=1", ''],
];

for (const [words, wanted, rest] of rows) {
  test(`docker trust ${words}`, () => {
    const found = findTrustCommand(words.split(' ').filter((word) => word !== ''));
    if (found.kind === 'mistaken') return assert.deepEqual([found.reason, ''], [wanted, rest]);
    const name = found.kind === 'group' ? found.group : found.command.path;
    assert.deepEqual([name, found.rest.join(' ')], [wanted, rest]);
  });
}

test('help that was asked for before a command is asked of the command, unless it is taken back', () => {
  const isHelp = (...words: string[]) => {
    const found = findTrustCommand(words);
    return found.kind === 'command' && found.flags.isOn('help');
  };
  assert.equal(isHelp('--help', 'inspect', 'a'), true);
  assert.equal(isHelp('--help', 'key', '--help=false', 'generate', 'a'), false);
});
