/**
 * The command line as transcripts: one file in `transcripts/` per behaviour. `UPDATE=1` writes
 * what is printed now into them; read the difference before you keep it.
 *
 * - `# text`          a comment
 * - `as NAME`         who runs the commands that follow; `as nobody`; `as NAME, saved token` and
 *                     `as NAME, saved password`: with what docker login saved
 * - `set NAME VALUE`  a variable of the environment
 * - `stdin TEXT`      what the next command reads, and a line break
 * - `later STATE N`   while the next command runs, candidate N comes to that state
 * - `$ ARGUMENTS`     runs them; below stands what is printed, lines of standard error after `2> `,
 *                     and `exit N` unless it is 0
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { TestWorld } from '../../test/support/cli-world.ts';
import type { State } from '../chain/index.ts';
import { runCli } from './run-cli.ts';

const folder = new URL('transcripts/', import.meta.url);

for (const file of readdirSync(folder).sort()) {
  test(file.replace(/\.txt$/, '').replaceAll('-', ' '), async () => {
    const expected = readFileSync(new URL(file, folder), 'utf8');
    const actual = await replay(expected);
    if (process.env.UPDATE) writeFileSync(new URL(file, folder), actual);
    else assert.equal(actual, expected);
  });
}

test('no help is longer or wider than a screen', () => {
  const text = readFileSync(new URL('help-fits-a-screen.txt', folder), 'utf8');
  for (const help of text.trimEnd().split('\n\n')) {
    const lines = help.split('\n');
    assert.ok(lines.length <= 24, lines[0]);
    assert.ok(
      lines.every((line) => line.length <= 80),
      lines[0],
    );
  }
});

const directive = /^(#|as|set|stdin|later|\$) ?(.*)$/;

/** The transcript as it goes now: directives as they stand, outputs as they are. */
async function replay(transcript: string): Promise<string> {
  const store = new TestWorld();
  const lines: string[] = [];
  for (const line of transcript.split('\n')) {
    const [, what, rest = ''] = directive.exec(line) ?? [];
    if (what === undefined) continue;
    if (what === '$' && lines.length > 0 && !/^(as|set|stdin|later|#)/.test(lines.at(-1) ?? '')) {
      lines.push('');
    } else if (what !== '$' && lines.length > 0 && !directive.test(lines.at(-1) ?? '')) {
      lines.push('');
    }
    lines.push(line);
    const [first = '', second = ''] = rest.split(' ');
    if (what === 'as') await store.as(rest);
    else if (what === 'set') store.set(first, second);
    else if (what === 'stdin') store.stdin(`${rest}\n`);
    else if (what === 'later') store.later(first as State, second);
    else if (what === '$') lines.push(...(await run(store, rest)));
  }
  return `${lines.join('\n')}\n`;
}

async function run(store: TestWorld, command: string): Promise<string[]> {
  const printed = { 1: '', 2: '' };
  const world = store.world((stream, text) => {
    printed[stream] += text;
  });
  const args = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare);
  const exitCode = await runCli(args as string[], world);
  return [
    ...linesOf(printed[1]),
    ...linesOf(printed[2]).map((line) => `2> ${line}`.trimEnd()),
    ...(exitCode === 0 ? [] : [`exit ${exitCode}`]),
  ];
}

/** Each line as it is, but an empty one as `|`: empty lines part the commands. */
function linesOf(text: string): string[] {
  if (text === '') return [];
  assert.ok(text.endsWith('\n'), 'what is printed ends with a line break');
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => (line === '' ? '|' : line));
}
