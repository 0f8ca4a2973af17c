import { type MetadataFile, parseMetadata, type RoleName, type SignedOf } from '../tuf/index.ts';
import type { FileVersion } from './ports.ts';

/** Reads the published file of a role of one GUN. */
export type ReadCurrent = (role: RoleName) => Promise<FileVersion | undefined>;

/** The published files of one GUN, each read and parsed at most once per decision. */
export class CurrentFiles {
  readonly #read: ReadCurrent;
  readonly #files = new Map<RoleName, Promise<FileVersion | undefined>>();

  constructor(read: ReadCurrent) {
    this.#read = read;
  }

  /** 0 when nothing is published. */
  async versionOf(role: RoleName): Promise<number> {
    return (await this.#file(role))?.version ?? 0;
  }

  async parse<R extends RoleName>(role: R): Promise<MetadataFile<SignedOf<R>> | undefined> {
    const file = await this.#file(role);
    return file && parseMetadata(role, file.bytes);
  }

  #file(role: RoleName): Promise<FileVersion | undefined> {
    const known = this.#files.get(role) ?? this.#read(role);
    this.#files.set(role, known);
    return known;
  }
}
