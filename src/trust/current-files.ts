import {
  type MetadataFile,
  parseMetadata,
  type RoleName,
  type Root,
  type SignedOf,
} from '../tuf/index.ts';
import type { FileVersion } from './ports.ts';

/** Reads the published file of a role of one GUN. */
export type ReadCurrent = (role: RoleName) => Promise<FileVersion | undefined>;

/**
 * Published roots as they were read, by the sha256 of their bytes. Reading the certificates of a root
 * costs more than verifying it does, and it seldom changes; verified it is each time.
 */
export type ParsedRoots = Map<string, MetadataFile<Root>>;

const mostRoots = 200;

function keep(roots: ParsedRoots, root: MetadataFile<Root>): void {
  if (roots.size >= mostRoots) roots.clear();
  roots.set(root.sha256, root);
}

/** The published files of one GUN, each read and parsed at most once per decision. */
export class CurrentFiles {
  readonly #read: ReadCurrent;
  readonly #roots: ParsedRoots;
  readonly #files = new Map<RoleName, Promise<FileVersion | undefined>>();

  constructor(read: ReadCurrent, roots: ParsedRoots = new Map()) {
    this.#read = read;
    this.#roots = roots;
  }

  /** 0 when nothing is published. */
  async versionOf(role: RoleName): Promise<number> {
    return (await this.#file(role))?.version ?? 0;
  }

  async parse<R extends RoleName>(role: R): Promise<MetadataFile<SignedOf<R>> | undefined> {
    const file = await this.#file(role);
    if (!file) return undefined;
    const known = role === 'root' ? this.#roots.get(file.sha256) : undefined;
    if (known) return known as MetadataFile<SignedOf<R>>;
    const parsed = parseMetadata(role, file.bytes);
    if (role === 'root') keep(this.#roots, parsed as MetadataFile<Root>);
    return parsed;
  }

  #file(role: RoleName): Promise<FileVersion | undefined> {
    const known = this.#files.get(role) ?? this.#read(role);
    this.#files.set(role, known);
    return known;
  }
}
