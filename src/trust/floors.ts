import { authorityOf, type RoleName, type Root } from '../tuf/index.ts';
import type { CurrentFiles } from './current-files.ts';
import type { Retired } from './ports.ts';

/** How far the roles of a repository had come before it was deleted, where nothing is published now. */
export class Floors {
  readonly #current: CurrentFiles;
  readonly #read: () => Promise<Retired>;
  #retired: Promise<Retired> | undefined;

  constructor(current: CurrentFiles, read: () => Promise<Retired>) {
    this.#current = current;
    this.#read = read;
  }

  /** 0 when the role is published, since then that version counts, and when it never was. */
  async of(role: RoleName): Promise<number> {
    if ((await this.#current.versionOf(role)) > 0) return 0;
    return (await this.#known()).versions.get(role) ?? 0;
  }

  /** Whether a root has a root key of before, so that caches may follow it. */
  async hold(root: Root): Promise<boolean> {
    const { rootKeyIds } = await this.#known();
    return [...authorityOf(root, 'root').keys.keys()].some((id) => rootKeyIds.has(id));
  }

  #known(): Promise<Retired> {
    this.#retired ??= this.#read();
    return this.#retired;
  }
}
