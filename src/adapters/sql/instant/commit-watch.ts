import { existsSync, openSync, readSync } from 'node:fs';

/** Both copies of the header, with a counter of commits, the log's salts and a checksum in each. */
const headerBytes = 96;

/**
 * Whether anybody may have committed to a SQLite database in WAL mode, for one system call: the
 * header of the index of its write-ahead log, which every commit writes before it is acknowledged,
 * and which SQLite itself compares at the start of every read. Only on Linux, where what is read of
 * a file is what others have mapped of it.
 *
 * The file stays open until the process ends, on purpose: closing it would drop the locks that
 * SQLite's own connections of this process hold on it.
 *
 * @see SQLite, "WAL-mode File Format", "The WAL-Index File Format"; "How To Corrupt An SQLite
 *      Database File", "Posix advisory locks canceled by a separate thread doing close()"
 */
export class CommitWatch {
  readonly #file: number | undefined;
  #seen = Buffer.alloc(headerBytes);
  #now = Buffer.alloc(headerBytes);
  #isKnown = false;

  /** @param path  of a database that a connection of this process has read, and keeps open */
  constructor(path: string) {
    const index = `${path}-shm`;
    const isReadable = process.platform === 'linux' && existsSync(index);
    this.#file = isReadable ? openSync(index, 'r') : undefined;
  }

  /**
   * False: nobody has committed since the last call. What is read after this is at least as new as
   * what it has noted.
   */
  mayHaveChanged(): boolean {
    if (this.#file === undefined) return true;
    const length = readSync(this.#file, this.#now, 0, headerBytes, 0);
    if (this.#isKnown && length === headerBytes && this.#now.equals(this.#seen)) return false;
    [this.#seen, this.#now] = [this.#now, this.#seen];
    this.#isKnown = length === headerBytes;
    return true;
  }
}
