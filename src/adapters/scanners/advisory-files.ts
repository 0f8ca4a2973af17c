import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, digestOf, isStoreError } from '../../base/index.ts';
import type { AdvisoryWarning } from '../../chain/review/index.ts';
import { type Advisory, parseAdvisory, printable } from '../../findings/index.ts';

/** One file of the folder, as it was when it was looked at. */
export interface AdvisoryFile {
  /** Relative to the folder, with slashes. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/** What was read from a file: an advisory, or why there is none. */
export interface ReadAdvisory {
  readonly digest: Digest | undefined;
  readonly advisory: Advisory | undefined;
  readonly reason: string | undefined;
}

export interface AdvisoryLimits {
  readonly files: number;
  readonly fileBytes: number;
  readonly depth: number;
}

/**
 * Every `*.json` file of a folder and the folders in it, by path. Links to files are followed,
 * since that is how clusters mount configuration; links to folders, and names that begin with a
 * dot, are not.
 *
 * @throws the system's error when the folder itself cannot be read
 */
export async function listAdvisoryFiles(
  folder: string,
  limits: AdvisoryLimits,
): Promise<{ files: readonly AdvisoryFile[]; warnings: readonly AdvisoryWarning[] }> {
  const files: AdvisoryFile[] = [];
  const warnings: AdvisoryWarning[] = [];
  const waiting = [{ path: '', depth: 1 }];
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const { path: below, depth } = next;
    for (const entry of await entriesOf(folder, below, warnings)) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) {
        if (depth < limits.depth) waiting.push({ path, depth: depth + 1 });
        else warnings.push({ file: printable(path), reason: 'it lies too deep to be read' });
      } else if (entry.name.endsWith('.json')) {
        if (files.length >= limits.files) {
          const reason = `there are more than ${limits.files} files; the rest was not read`;
          return { files: files.toSorted(byPath), warnings: [...warnings, { file: '.', reason }] };
        }
        const found = await stat(join(folder, path)).catch(() => undefined);
        if (found?.isFile()) {
          files.push({ path, sizeBytes: found.size, modifiedMs: found.mtimeMs });
        } else if (!found?.isDirectory()) {
          warnings.push({ file: printable(path), reason: 'it cannot be opened' });
        }
      }
    }
  }
  return { files: files.toSorted(byPath), warnings };
}

/** Reads one file. What is wrong with it is told, and throws nothing. */
export async function readAdvisory(
  folder: string,
  file: AdvisoryFile,
  limits: AdvisoryLimits,
): Promise<ReadAdvisory> {
  if (file.sizeBytes > limits.fileBytes) {
    return failed(`it is larger than ${limits.fileBytes} bytes`);
  }
  try {
    const bytes = await readFile(join(folder, file.path));
    const digest = digestOf(bytes);
    try {
      return { digest, advisory: parseAdvisory(bytes), reason: undefined };
    } catch (error) {
      if (!isStoreError(error)) throw error;
      return { ...failed(printable(error.message)), digest };
    }
  } catch (error) {
    return failed(printable((error as Error).message));
  }
}

async function entriesOf(folder: string, below: string, warnings: AdvisoryWarning[]) {
  try {
    return await readdir(join(folder, below), { withFileTypes: true });
  } catch (error) {
    if (below === '') throw error;
    warnings.push({ file: printable(below), reason: printable((error as Error).message) });
    return [];
  }
}

function failed(reason: string): ReadAdvisory {
  return { digest: undefined, advisory: undefined, reason };
}

function byPath(a: AdvisoryFile, b: AdvisoryFile): number {
  return a.path < b.path ? -1 : 1;
}
