import type { Digest } from '../../base/index.ts';

/** The data of a registry that another program kept. Nothing of it is believed. */
export interface RegistrySource {
  /** Names as they stand there, in any order. */
  repositories(): AsyncIterable<string>;
  /** Digests of the manifests of a repository. */
  manifests(name: string): Promise<readonly Digest[]>;
  /** Tags and what they lead to. */
  tags(name: string): Promise<readonly { readonly tag: string; readonly digest: Digest }[]>;
  /** Undefined when nothing lies there. */
  size(digest: Digest): Promise<number | undefined>;
  /** The bytes of a blob or a manifest. */
  read(digest: Digest): AsyncIterable<Uint8Array>;
}
