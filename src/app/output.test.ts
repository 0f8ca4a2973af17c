import assert from 'node:assert/strict';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { runCommand, succeeded } from '../../test/support/command.ts';
import { Output } from './output.ts';

test('what is printed is written at once, and no stream is opened', async (t) => {
  const pipe = await makePipe(t);
  const output = new Output(pipe, () => assert.fail('opened'), assert.fail);
  output.write('Über ');
  output.write('');
  output.write('uns\n');
  assert.equal(read(pipe), 'Über uns\n');
  assert.equal(output.isTTY, false);
});

test('what a full pipe does not take goes by the stream, and so does what follows', async (t) => {
  const pipe = await makePipe(t);
  const stream = new PassThrough();
  const output = new Output(pipe, () => stream, assert.fail);
  const lines = Array.from({ length: 40_000 }, (_, i) => `line ${i}\n`);
  for (const line of lines) output.write(line);
  const atOnce = read(pipe);
  output.write('the end\n');
  stream.end();
  const later = Buffer.concat(await stream.toArray()).toString();
  assert.ok(atOnce.length > 0 && later.length > 'the end\n'.length);
  assert.equal(atOnce + later, `${lines.join('')}the end\n`);
});

const printing = `
  import { standardError, standardOutput } from ${JSON.stringify(join(import.meta.dirname, 'output.ts'))};
  for (let i = 0; i < 100_000; i++) standardOutput.write('a line\\n');
  standardError.write('done');
`;

for (const [where, shell, expected] of [
  ['nobody reads any more', '| head -1', [0, 'a line\n', 'done']],
  ['the disk is full', '> /dev/full', [1, '', `${lost('no space left on device')}done`]],
  ['it may only be read', '1< /dev/null', [1, '', `${lost('bad file descriptor')}done`]],
  ['it was closed', '>&-', [0, '', 'done']],
  ['the errors cannot be told', '2> /dev/full | tail -1', [0, 'a line\n', '']],
] as const) {
  test(`the command goes on where ${where}`, async () => {
    const command = `set -o pipefail; "$0" --input-type=module-typescript -e "$1" ${shell}`;
    const { code, stdout, stderr } = await runCommand('bash', [
      ...['-c', command, process.execPath, printing],
    ]);
    assert.deepEqual([code, stdout, stderr], expected);
  });
}

test('a stream that fails later is told once, and nothing more is written to it', async (t) => {
  const pipe = await makePipe(t);
  const stream = new PassThrough();
  const told: string[] = [];
  const output = new Output(
    pipe,
    () => stream,
    (reason) => told.push(reason),
  );
  output.write('a line\n'.repeat(20_000));
  const failure = { errno: -5, code: 'EIO', syscall: 'write' };
  stream.destroy(Object.assign(new Error('EIO: i/o error, write'), failure));
  await new Promise((resolve) => stream.once('close', resolve));
  output.write('more\n');
  assert.deepEqual(told, ['i/o error']);
});

test('a mistake of ours is thrown', () => {
  const output = new Output(1.5, () => assert.fail('opened'), assert.fail);
  assert.throws(() => output.write('a line\n'), { code: 'ERR_OUT_OF_RANGE' });
});

/** As docker says it. */
function lost(reason: string): string {
  return `write /dev/stdout: ${reason}\n`;
}

/** Both ends of a pipe that never waits. */
async function makePipe(t: { after(work: () => void): void }): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'cm-output-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'pipe');
  succeeded(await runCommand('mkfifo', [path]));
  const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  t.after(() => closeSync(pipe));
  return pipe;
}

/** All that it holds; no more than the 64 KiB of a pipe. */
function read(pipe: number): string {
  const bytes = Buffer.alloc(1024 * 1024);
  return bytes.toString('utf8', 0, readSync(pipe, bytes));
}
