import { sizeText } from '../../base/index.ts';
import type { CopyWatch } from '../../copy/index.ts';
import type { Tag } from '../../oci/index.ts';
import type { CliWorld } from '../ports.ts';

const width = 24;

/** A bar that fills where somebody watches, and is gone at the end; a line per blob where nobody does. */
export function copyProgress(
  { isWatched, printError }: Pick<CliWorld, 'isWatched' | 'printError'>,
  tag: Tag,
): CopyWatch {
  let total = 0;
  let done = 0;
  let left = 0;
  const show = () => {
    if (!isWatched) return;
    const filled = total === 0 ? width : Math.floor((done / total) * width);
    const bar = `[${'#'.repeat(filled)}${' '.repeat(width - filled)}]`;
    const text = `${tag}  ${sizeText(done)} of ${sizeText(total)}, ${left} blobs to go`;
    printError(left === 0 ? '\r\u001b[K' : `\r${bar} ${text}\u001b[K`);
  };
  return {
    planned: ({ blobs, sizeBytes }) => {
      total = sizeBytes;
      left = blobs;
      show();
    },
    sent: (sizeBytes) => {
      done += sizeBytes;
      show();
    },
    arrived: (digest, sizeBytes, how) => {
      left -= 1;
      if (how !== 'sent') done += sizeBytes;
      if (!isWatched && how !== 'there') printError(`${digest}  ${sizeText(sizeBytes)}  ${how}\n`);
      show();
    },
  };
}
