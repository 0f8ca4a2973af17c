import { runCommand, succeeded } from '../test/support/command.ts';

/** One GET that wrk sends. */
export interface Target {
  readonly url: string;
  readonly token?: string | undefined;
  /** For the Accept header. */
  readonly accept?: string;
}

export interface Rate {
  readonly perSecond: number;
  readonly p99Ms: number;
}

const connections = 16;

/**
 * Sends GETs from 16 connections, kept alive, by wrk in its own process.
 * @throws Error when one of them was not answered with 2xx
 */
export async function wrk({ url, token, accept }: Target, seconds: number): Promise<Rate> {
  const header = token === undefined ? [] : ['-H', `Authorization: Bearer ${token}`];
  if (accept !== undefined) header.push('-H', `Accept: ${accept}`);
  return run([...header, url], seconds);
}

/** The same, a random one of these URLs each time. @param script  a file that it may write */
export async function wrkAmong(script: string, url: string, seconds: number): Promise<Rate> {
  return run(['-s', script, url], seconds);
}

async function run(args: readonly string[], seconds: number): Promise<Rate> {
  const { stdout } = succeeded(
    await runCommand('wrk', [
      '-t1',
      `-c${connections}`,
      `-d${seconds}s`,
      '--latency',
      '--timeout',
      '30s',
      ...args,
    ]),
  );
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`wrk ${args.at(-1)}\n${stdout}`);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
  const [, number, unit] = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout) ?? [];
  const p99Ms = Number(number) * (unit === 'us' ? 0.001 : unit === 's' ? 1_000 : 1);
  return { perSecond, p99Ms };
}
