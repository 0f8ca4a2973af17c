import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Transcript } from './command.ts';

/** Ends what asks: `passphrase for ...: `, `[y/N] `. */
const prompt = /(?:: ?|\[y\/N\] ?)$/;
const timeoutMs = 60_000;

/**
 * Runs a program on a terminal of its own (by `script` of util-linux) and types a line at each prompt.
 * What the terminal echoes is left out, so that it does not matter how fast the program turned the
 * echo off; both streams are one, `stdout`.
 */
export async function typeInto(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  lines: readonly string[],
): Promise<Transcript> {
  const command = [program, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { ...env, SHELL: '/bin/sh', TERM: 'dumb' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  child.stdin.on('error', () => {});
  let shown = '';
  let answered = 0;
  const waiting = [...lines];
  child.stdout.setEncoding('utf8').on('data', async (text: string) => {
    shown += text;
    const asked = shown.length;
    await sleep(250);
    // Something more came, or it was answered already.
    if (shown.length !== asked || asked === answered || !prompt.test(shown)) return;
    answered = asked;
    const line = waiting.shift();
    child.stdin.write(line === undefined ? '\x04' : `${line}\n`);
  });
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exit) => resolve(exit ?? -1));
  });
  clearTimeout(timer);
  const plain = shown.replaceAll('\r', '');
  const stdout = lines.reduce((text, line) => text.replaceAll(`${line}\n`, '\n'), plain);
  return { command, code, stdout: stdout.replace(/\n+/g, '\n'), stderr: '' };
}
