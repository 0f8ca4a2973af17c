import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Whoever reads it sees the old content or the new one, whole, also after a crash. */
export function replaceFile(path: string, content: string, mode: number): void {
  const made = `${path}.new`;
  writeFileSync(made, content, { mode, flush: true });
  renameSync(made, path);
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
