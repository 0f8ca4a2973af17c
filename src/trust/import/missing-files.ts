import type { Gun } from '../../tuf/index.ts';
import type { FileVersion } from '../ports.ts';
import { importError } from './errors.ts';
import type { StoredRepository } from './ports.ts';

/**
 * Which files of a repository are not stored yet. What is stored is never replaced, and the two
 * must be one line of versions: the newer timestamp of the two sides stands on the other's newest.
 *
 * @param hasHistory  false when only current files were read, which say nothing of that line
 * @throws StoreError IMPORT_DIFFERS
 */
export function missingFiles<File extends Omit<FileVersion, 'bytes'>>(
  gun: Gun,
  files: readonly File[],
  stored: StoredRepository['files'],
  hasHistory = true,
): File[] {
  const there = new Map(stored.map((file) => [placeOf(file), file.sha256]));
  for (const file of files) {
    const sha256 = there.get(placeOf(file));
    if (sha256 !== undefined && sha256 !== file.sha256) throw differs(gun, file);
  }
  const missing = files.filter((file) => !there.has(placeOf(file)));
  const [ours, theirs] = [newestTimestamp(stored), newestTimestamp(files)];
  if (!ours || !theirs || !hasHistory) return missing;
  const here = new Set(files.map(placeOf));
  if (!there.has(placeOf(theirs)) && !here.has(placeOf(ours))) throw differs(gun, ours);
  if (ours.version <= theirs.version) return missing;
  // The store has gone on: what is older may be added, what is newer than its own may not.
  const highest = new Map<string, number>();
  for (const { role, version } of stored) {
    highest.set(role, Math.max(highest.get(role) ?? 0, version));
  }
  return missing.filter(({ role, version }) => version < (highest.get(role) ?? 0));
}

function newestTimestamp<File extends Omit<FileVersion, 'bytes'>>(
  files: readonly File[],
): File | undefined {
  return files
    .filter(({ role }) => role === 'timestamp')
    .reduce<File | undefined>((a, b) => (a && a.version > b.version ? a : b), undefined);
}

function placeOf({ role, version }: Omit<FileVersion, 'bytes'>): string {
  return `${role} ${version}`;
}

function differs(gun: Gun, { role, version }: Omit<FileVersion, 'bytes'>) {
  return importError('IMPORT_DIFFERS', { gun, role, version });
}
