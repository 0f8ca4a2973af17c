import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { link, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from '../../adapters/durable/index.ts';
import { Secret, systemCodeOf } from '../../base/index.ts';
import { appError } from '../errors.ts';

/** For this user alone, and on the disk before it is said to be written. */
const privately = { mode: 0o600, flush: true };

/**
 *   <data>/                      0700
 *     store.sqlite               users, tags, manifests, trust metadata, keys (encrypted), the chain
 *     store.sqlite.moved         the same, once it was moved into PostgreSQL: nobody reads it
 *     blobs/sha256/ab/<64 hex>   layers and configs, once per digest; sha512/ beside it
 *     uploads/<id>               bytes on their way in
 *     import/                    rows of dumps, while an import runs
 *     mirrors/<folder>/tuf/<GUN>/   what was verified of the trust of mirrored registries
 *     tls/cert.pem key.pem       the certificate clients see; put your own here to replace it
 *     secrets/token.key          signs the registry's tokens                    32 bytes, 0600
 *     secrets/keys.key           encrypts the private keys in the database      32 bytes, 0600
 *     store-name                 whose signature consumers see; it never changes
 *     blobs-in                   the bucket that has the blobs, if one has
 *     serve.pid                  the process that has the folder
 */
export class DataFolder {
  readonly path: string;
  readonly database: string;
  readonly movedDatabase: string;
  readonly tls: string;
  readonly mirrors: string;
  readonly #lock: string;

  private constructor(path: string) {
    this.path = path;
    this.database = join(path, 'store.sqlite');
    this.movedDatabase = `${this.database}.moved`;
    this.tls = join(path, 'tls');
    this.mirrors = join(path, 'mirrors');
    this.#lock = join(path, 'serve.pid');
  }

  /** Makes what is missing. Nothing in it is for other users of the machine. */
  static open(path: string): DataFolder {
    for (const folder of ['', 'blobs', 'uploads', 'tls', 'secrets']) {
      mkdirSync(join(path, folder), { recursive: true, mode: 0o700 });
    }
    chmodSync(path, 0o700);
    return new DataFolder(path);
  }

  /** 32 bytes that this folder keeps for one purpose, made at the first call. */
  async secret(name: 'token' | 'keys'): Promise<Secret<Uint8Array>> {
    const path = join(this.path, 'secrets', `${name}.key`);
    const key = readIfThere(path) ?? (await this.#keep(path, randomBytes(32)));
    return new Secret<Uint8Array>(key);
  }

  /**
   * The store's delegation bears its name in every repository it ever signed, so a folder keeps
   * the name it was made with.
   * @throws StoreError CONFIG_STORE_NAME_CHANGED
   */
  async belongTo(storeName: string): Promise<void> {
    const path = join(this.path, 'store-name');
    const known = readIfThere(path)?.toString('utf8');
    const kept = known ?? String(await this.#keep(path, Buffer.from(storeName)));
    if (kept !== storeName) {
      throw appError('CONFIG_STORE_NAME_CHANGED', { known: kept, text: storeName });
    }
  }

  /**
   * In another place than before there would be no blob: images are missing then, and pushed again.
   * @param place  the name of a bucket; undefined for this folder
   * @throws StoreError CONFIG_BLOBS_ELSEWHERE
   */
  async keepBlobsIn(place: string | undefined): Promise<void> {
    const path = join(this.path, 'blobs-in');
    const known = readIfThere(path)?.toString('utf8');
    if (known === undefined && place === undefined) return;
    const kept = known ?? String(await this.#keep(path, Buffer.from(place ?? '')));
    if (kept !== place) {
      throw appError('CONFIG_BLOBS_ELSEWHERE', { known: kept, text: place ?? this.path, path });
    }
  }

  /**
   * Two processes on one folder would run every job twice.
   * @throws StoreError DATA_FOLDER_IN_USE while another living process has it
   */
  claim(): void {
    const pid = readPid(this.#lock);
    if (pid !== undefined && pid !== process.pid && isStore(pid)) {
      throw appError('DATA_FOLDER_IN_USE', { path: this.path, pid });
    }
    writeFileSync(this.#lock, String(process.pid), privately);
  }

  /**
   * A crash leaves either no file or a whole one.
   * @returns what is kept: of several stores that come at once on one folder, the first's
   */
  async #keep(path: string, bytes: Buffer): Promise<Buffer> {
    const made = `${path}.${randomBytes(6).toString('hex')}.new`;
    writeFileSync(made, bytes, privately);
    try {
      await link(made, path);
    } catch (error) {
      if (systemCodeOf(error) !== 'EEXIST') throw error;
    } finally {
      await unlink(made);
    }
    await syncFolder(dirname(path));
    return readFileSync(path);
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** After a crash the number may belong to any process; on Linux its command line tells. */
function isStore(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (systemCodeOf(error) === 'ESRCH') return false;
  }
  try {
    return /serve|import/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  } catch {
    return true;
  }
}
