import { basename } from 'node:path';
import { argv, argv0, execPath } from 'node:process';
import { fileURLToPath } from 'node:url';

/**
 * The one file of `npm run build:bin` carries its sources in a file system of its own, in which
 * everything has a name that begins so; on Windows that is a drive.
 */
const isOneFile = /^file:\/\/\/(\$bunfs|B:\/%7EBUN)\//.test(import.meta.url);

/** How this program is called, without a folder: `countermark`, or the name docker finds it by. */
export function ownName(): string {
  return basename((isOneFile ? argv0 : argv[1]) ?? '');
}

/** What stands before the arguments where this program is started again. */
export function ownCommand(): readonly [program: string, ...args: string[]] {
  if (isOneFile) return [execPath];
  return [execPath, fileURLToPath(new URL('./main.ts', import.meta.url))];
}

/** The executable, where it is all there is; undefined for an installation of Node's modules. */
export function ownFile(): string | undefined {
  return isOneFile ? execPath : undefined;
}
