import { mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../durable/index.ts';

/** Folders that are made when something is first put into them. */
export class FoldersOnDemand {
  readonly #lasting = new Map<string, Promise<void>>();

  /**
   * Survives a crash after it returned. Whoever made the folder may not have synced its name yet, be it
   * another process or a request of this one; so each process does once, and all its requests wait for that.
   * @param folder  in one that is there and lasts
   */
  require(folder: string): Promise<void> {
    const begun = this.#lasting.get(folder);
    if (begun) return begun;
    const lasting = makeLasting(folder).catch((error) => {
      this.#lasting.delete(folder);
      throw error;
    });
    this.#lasting.set(folder, lasting);
    return lasting;
  }
}

async function makeLasting(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await syncFolder(dirname(folder));
}

/**
 * Gives a file that was synced its final name. Survives a crash before the rename (the file has
 * its old name, nobody was told), between the rename and the sync of the folder (either name, the
 * bytes are whole under both, nobody was told), and after it (the new name).
 */
export async function moveIntoPlace(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(dirname(to));
}
