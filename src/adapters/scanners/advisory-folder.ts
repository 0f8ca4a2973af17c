import type { Advisories, AdvisorySource } from '../../chain/review/index.ts';
import {
  type AdvisoryFile,
  type AdvisoryLimits,
  listAdvisoryFiles,
  type ReadAdvisory,
  readAdvisory,
} from './advisory-files.ts';
import { indexAdvisories } from './advisory-index.ts';
import { scannerError } from './errors.ts';

const defaultLimits: AdvisoryLimits = { files: 300_000, fileBytes: 4 * 1024 * 1024, depth: 8 };
const readersAtOnce = 16;

interface KnownFile extends AdvisoryFile {
  readonly read: ReadAdvisory;
}

/**
 * A folder of advisories in OSV format, one JSON object to a file, in any tree of folders. It is
 * looked at again for each review; files that were read and did not change since are not read again.
 */
export class AdvisoryFolder implements AdvisorySource {
  readonly #folder: string;
  readonly #limits: AdvisoryLimits;
  #known: ReadonlyMap<string, KnownFile> = new Map();
  #index: Advisories | undefined;
  #running: Promise<Advisories> | undefined;

  constructor(folder: string, limits: Partial<AdvisoryLimits> = {}) {
    this.#folder = folder;
    this.#limits = { ...defaultLimits, ...limits };
  }

  /** @throws StoreError SCAN_ADVISORIES_UNAVAILABLE when the folder itself cannot be read */
  current(): Promise<Advisories> {
    this.#running ??= this.#refresh().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #refresh(): Promise<Advisories> {
    const { files, warnings } = await this.#list();
    const isSame = (file: AdvisoryFile) => {
      const known = this.#known.get(file.path);
      if (!known?.read.digest) return false;
      return known.sizeBytes === file.sizeBytes && known.modifiedMs === file.modifiedMs;
    };
    const changed = files.filter((file) => !isSame(file));
    const isWhole = changed.length === 0 && files.length === this.#known.size;
    if (this.#index && isWhole && warnings.length === 0) return this.#index;
    const fresh = await this.#read(changed);
    const known = new Map<string, KnownFile>();
    for (const file of files) {
      const one = fresh.get(file.path) ?? this.#known.get(file.path);
      if (one) known.set(file.path, one);
    }
    this.#known = known;
    const read = new Map([...known].map(([path, file]) => [path, file.read]));
    this.#index = indexAdvisories(read, warnings);
    return this.#index;
  }

  async #list() {
    try {
      return await listAdvisoryFiles(this.#folder, this.#limits);
    } catch (error) {
      const reason = (error as Error).message;
      throw scannerError('SCAN_ADVISORIES_UNAVAILABLE', { folder: this.#folder, reason }, error);
    }
  }

  async #read(files: readonly AdvisoryFile[]): Promise<Map<string, KnownFile>> {
    const read = new Map<string, KnownFile>();
    const waiting = files.values();
    const reader = async () => {
      for (const file of waiting) {
        read.set(file.path, {
          ...file,
          read: await readAdvisory(this.#folder, file, this.#limits),
        });
      }
    };
    await Promise.all(Array.from({ length: readersAtOnce }, reader));
    return read;
  }
}

/** For a store without advisories: nothing is known to be vulnerable, and findings say so. */
export const noAdvisories: AdvisorySource = {
  current: async () => indexAdvisories(new Map(), []),
};
