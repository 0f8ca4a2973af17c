import { open } from 'node:fs/promises';

/** Makes names in a folder durable, where fsync of a file makes only its bytes durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
