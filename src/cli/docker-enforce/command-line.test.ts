import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCommandLine } from './command-line.ts';
import { wantsTrust } from './content-trust.ts';
import { containerFlags, pullFlags } from './flag-tables.ts';

const run = { flags: containerFlags, interspersed: false };
const pull = { flags: pullFlags, interspersed: true };

/* What docker is told where the image is replaced by D; or the mistake. */
const lines: readonly [command: typeof run, typed: string, told: string][] = [
  [pull, 'a', 'D'],
  [pull, '-q a', '-q D'],
  [pull, 'a --platform linux/arm64', 'D --platform linux/arm64'],
  [pull, '--disable-content-trust=false a', 'D'],
  [pull, 'a --disable-content-trust=false', 'D'],
  [pull, '--platform a a', '--platform a D'],
  [pull, '-- a', '-- D'],
  [run, '-it --name a a sh -c a', '-it --name a D sh -c a'],
  [run, '-eA=1 -e a a a', '-eA=1 -e a D a'],
  [run, '-itv /a:/a a', '-itv /a:/a D'],
  [run, '--rm a --disable-content-trust', '--rm D --disable-content-trust'],
  [run, '-- a -- b', '-- D -- b'],
  [run, '--newer=a a b', '--newer=a D b'],
  // Nobody can tell which of these words is the image.
  [run, '--newer a b', 'unknown flag: --newer'],
  [run, '--newer=x --newer a b', 'unknown flag: --newer'],
  [run, '-Z a b', "unknown shorthand flag: 'Z' in -Z"],
  [run, '--help a', 'help'],
  // What looks like a flag is the value of the one before it.
  [run, '--entrypoint --help a', '--entrypoint --help D'],
];

for (const [command, typed, told] of lines) {
  test(`"${typed}" becomes "${told}"`, () => {
    const line = readCommandLine(command, typed.split(' '));
    if (line === 'help') assert.equal(line, told);
    else if ('mistake' in line) assert.equal(line.mistake, told);
    else assert.equal(line.withArgument('D').join(' '), told);
  });
}

/* The variable, the flag, and whether content trust is wanted: strconv.ParseBool decides in docker. */
const wishes: readonly [variable: string | undefined, flag: string, wanted: boolean][] = [
  [undefined, '', false],
  ['', '', false],
  ['0', '', false],
  ['f', '', false],
  ['False', '', false],
  ['1', '', true],
  ['true', '', true],
  ['foo', '', true],
  ['no', '', true],
  [' 0', '', true],
  ['1', '--disable-content-trust', false],
  ['1', '--disable-content-trust=0', true],
  [undefined, '--disable-content-trust=false', true],
  [undefined, '--disable-content-trust', false],
  ['1', '--disable-content-trust --disable-content-trust=false', true],
];

for (const [variable, flag, wanted] of wishes) {
  test(`DOCKER_CONTENT_TRUST=${variable ?? ' unset'} ${flag}: ${wanted ? 'on' : 'off'}`, () => {
    const line = readCommandLine(pull, [...flag.split(' ').filter((word) => word !== ''), 'a']);
    assert.ok(typeof line === 'object' && !('mistake' in line));
    assert.equal(wantsTrust({ DOCKER_CONTENT_TRUST: variable }, line.flags), wanted);
  });
}
