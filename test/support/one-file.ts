import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildOneFile, buildShipped } from '../../tools/build-bin.ts';

/** The executable of `npm run build:bin`, made of the sources as they are now. */
export interface OneFile extends Disposable {
  /** A folder of its own, in which a test may put links to it. */
  readonly folder: string;
  readonly file: string;
}

/**
 * Builds it, which takes some two seconds.
 * @param how  `shipped`: its parts in the order of `npm run build:bin`, for whoever measures; thrice the time
 */
export async function oneFile(how: 'plain' | 'shipped' = 'plain'): Promise<OneFile> {
  const folder = mkdtempSync(join(tmpdir(), 'cm-one-file-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  const file = join(folder, 'countermark');
  await (how === 'plain' ? buildOneFile(file) : buildShipped([{ file }]));
  return {
    folder,
    file,
    [Symbol.dispose]() {
      process.removeListener('exit', remove);
      remove();
    },
  };
}
