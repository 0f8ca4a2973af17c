import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CommandOptions, runCommand, type Transcript } from './command.ts';

const sources = fileURLToPath(new URL('../../src/app/main.ts', import.meta.url));

/**
 * What runs countermark's command line in a test: the sources, or the executable of
 * `npm run build:bin` that `COUNTERMARK_EXECUTABLE` names.
 */
export function ownProgram(): readonly [file: string, ...args: string[]] {
  const { COUNTERMARK_EXECUTABLE: executable } = process.env;
  return executable ? [resolve(executable)] : [process.execPath, sources];
}

/** Runs `countermark ARGS` to its end. */
export function runOwn(args: readonly string[], options: CommandOptions = {}): Promise<Transcript> {
  const [file, ...first] = ownProgram();
  return runCommand(file, [...first, ...args], options);
}
