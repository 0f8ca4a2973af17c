import { spawn } from 'node:child_process';

/** What a program said and how it ended, for people who read a failed test. */
export interface Transcript {
  readonly command: string;
  /** Exit code; -1 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  /** The whole environment; nothing of the test's own gets through. */
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  readonly timeoutMs?: number;
}

/**
 * Runs a program to its end without a shell. Its standard input is `input`, or empty.
 * @throws Error when it cannot be started or is not done after `timeoutMs` (120 000 unless told)
 */
export function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Transcript> {
  const { cwd, env = process.env, input = '', timeoutMs = 120_000 } = options;
  const command = [program, ...args].join(' ');
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: 'pipe' });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (part) => out.push(part));
    child.stderr.on('data', (part) => err.push(part));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(
        new Error(`${command}: not done after ${timeoutMs} ms\n${Buffer.concat([...out, ...err])}`),
      );
    }, timeoutMs);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({
        command,
        code: code ?? -1,
        stdout: Buffer.concat(out).toString('utf8'),
        stderr: Buffer.concat(err).toString('utf8'),
      });
    });
    // A program may end before it has read its input; its exit code tells the story.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** The whole transcript as one text, as a terminal would have shown it. */
export function printed(transcript: Transcript): string {
  const { command, code, stdout, stderr } = transcript;
  return `$ ${command}\n${stdout}${stderr}(exit ${code})`;
}

/** @throws Error with the transcript when the program did not exit 0 */
export function succeeded(transcript: Transcript): Transcript {
  if (transcript.code !== 0) throw new Error(`this was meant to succeed:\n${printed(transcript)}`);
  return transcript;
}

/** This process's environment without what would steer docker, notary or the store under test. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(DOCKER|NOTARY|COUNTERMARK|NODE_TEST|npm)_|^NODE_OPTIONS$|_proxy$/i.test(name),
    ),
  );
}
