import { closeSync, fsyncSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** Windows refuses fsync to folders; it keeps the names in them by a journal of its own. */
const canSync = process.platform !== 'win32';

/** Makes names in a folder durable, where fsync of a file makes only its bytes durable. */
export async function syncFolder(folder: string): Promise<void> {
  if (!canSync) return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The same before anything else is done. */
export function syncFolderAtOnce(folder: string): void {
  if (!canSync) return;
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
