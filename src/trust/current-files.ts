import { type MetadataFile, parseMetadata, type RoleName, type SignedOf } from '../tuf/index.ts';
import type { FileVersion } from './ports.ts';

/** Reads the published file of a role of one GUN. */
export type ReadCurrent = (role: RoleName) => Promise<FileVersion | undefined>;

/**
 * What is known of a repository from the last update of it. A timestamp names its snapshot by hash,
 * and that all others: as long as a timestamp is the current one, so is all that was published
 * under it.
 */
export interface Known {
  /** sha256 of that timestamp. */
  readonly timestamp: string;
  readonly versions: ReadonlyMap<RoleName, number>;
  /** Files as they were read: the certificates of a root cost more than all the rest. */
  readonly parsed: ReadonlyMap<RoleName, MetadataFile>;
}

/** A timestamp is only asked for its version. */
const keptRoles: readonly RoleName[] = ['root', 'targets', 'snapshot'];
const mostKeptBytes = 16 * 1024;

/** The published files of one GUN, each read and parsed at most once per decision. */
export class CurrentFiles {
  readonly #read: ReadCurrent;
  readonly #files = new Map<RoleName, Promise<FileVersion | undefined>>();
  readonly #versions: Map<RoleName, number>;
  readonly #parsed: Map<RoleName, MetadataFile>;
  readonly #before: ReadonlyMap<RoleName, MetadataFile>;

  /**
   * @param timestamp  the current one; undefined when nothing is published
   * @param known      of this GUN; under another timestamp it only spares parsing equal bytes again
   */
  constructor(read: ReadCurrent, timestamp: FileVersion | undefined, known: Known | undefined) {
    const current = known?.timestamp === timestamp?.sha256 ? known : undefined;
    this.#read = read;
    this.#files.set('timestamp', Promise.resolve(timestamp));
    this.#versions = new Map(current?.versions);
    this.#parsed = new Map(current?.parsed);
    this.#before = known?.parsed ?? new Map();
  }

  /** 0 when nothing is published. */
  async versionOf(role: RoleName): Promise<number> {
    return this.#versions.get(role) ?? (await this.#file(role))?.version ?? 0;
  }

  async parse<R extends RoleName>(role: R): Promise<MetadataFile<SignedOf<R>> | undefined> {
    const parsed = this.#parsed.get(role) ?? (await this.#parse(role));
    return parsed as MetadataFile<SignedOf<R>> | undefined;
  }

  /**
   * What is known when these files have been published over the current ones.
   * @param timestamp  the one among them
   */
  knownAfter(files: readonly MetadataFile[], timestamp: MetadataFile): Known {
    const updated = new Map(files.map((file) => [file.role, file]));
    const versions = new Map<RoleName, number>();
    // What was updated together will be again; of other delegations nothing is remembered.
    for (const role of [...keptRoles, ...updated.keys()]) {
      const version = updated.get(role)?.version ?? this.#versions.get(role);
      if (version !== undefined) versions.set(role, version);
    }
    const parsed = new Map<RoleName, MetadataFile>();
    for (const role of keptRoles) {
      const file = updated.get(role) ?? this.#parsed.get(role);
      // An uploaded file is a view, and holds all of the upload.
      if (file && file.bytes.buffer.byteLength <= mostKeptBytes) parsed.set(role, file);
    }
    return { timestamp: timestamp.sha256, versions, parsed };
  }

  async #parse(role: RoleName): Promise<MetadataFile | undefined> {
    const file = await this.#file(role);
    if (!file) return undefined;
    const before = this.#before.get(role);
    const parsed = file.sha256 === before?.sha256 ? before : parseMetadata(role, file.bytes);
    this.#parsed.set(role, parsed);
    return parsed;
  }

  async #file(role: RoleName): Promise<FileVersion | undefined> {
    const reading = this.#files.get(role) ?? this.#read(role);
    this.#files.set(role, reading);
    const file = await reading;
    if (file) this.#versions.set(role, file.version);
    return file;
  }
}
