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
  const output = new Output(pipe, () => assert.fail('opened'));
  output.write('Über ');
  output.write('');
  output.write('uns\n');
  assert.equal(read(pipe), 'Über uns\n');
  assert.equal(output.isTTY, false);
});

test('what a full pipe does not take goes by the stream, and so does what follows', async (t) => {
  const pipe = await makePipe(t);
  const stream = new PassThrough();
  const output = new Output(pipe, () => stream);
  const lines = Array.from({ length: 40_000 }, (_, i) => `line ${i}\n`);
  for (const line of lines) output.write(line);
  const atOnce = read(pipe);
  output.write('the end\n');
  stream.end();
  const later = Buffer.concat(await stream.toArray()).toString();
  assert.ok(atOnce.length > 0 && later.length > 'the end\n'.length);
  assert.equal(atOnce + later, `${lines.join('')}the end\n`);
});

test('where nobody reads any more the command goes on', async () => {
  const module = JSON.stringify(join(import.meta.dirname, 'output.ts'));
  const program = `
    import { standardError, standardOutput } from ${module};
    for (let i = 0; i < 100_000; i++) standardOutput.write('a line\\n');
    standardError.write('done');
  `;
  const reader = 'set -o pipefail; "$0" --input-type=module-typescript -e "$1" | head -1';
  const { code, stdout, stderr } = await runCommand('bash', [
    '-c',
    reader,
    process.execPath,
    program,
  ]);
  assert.deepEqual([code, stdout, stderr], [0, 'a line\n', 'done']);
});

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
