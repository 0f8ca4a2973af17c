import type { CliWorld } from '../ports.ts';

const width = 30;

/**
 * Shows how far long work is, on standard error: a bar in one line where somebody watches, cleared at
 * the end; else a plain line for every tenth part of work of ten parts and more.
 *
 * @param what  `opening keys`
 */
export function progressOf(
  { printError, isWatched }: Pick<CliWorld, 'printError' | 'isWatched'>,
  what: string,
): (done: number, total: number) => void {
  let told = 0;
  return (done, total) => {
    if (isWatched) {
      const full = Math.floor((width * done) / total);
      const bar = `${'='.repeat(full)}${' '.repeat(width - full)}`;
      printError(done === total ? '\r\u001b[K' : `\r${what} [${bar}] ${done}/${total}`);
      return;
    }
    const tenths = Math.floor((10 * done) / total);
    if (total < 10 || tenths === told) return;
    told = tenths;
    printError(`${what}: ${done} of ${total}\n`);
  };
}
