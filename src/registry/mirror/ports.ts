import type { Digest } from '../../base/index.ts';
import {
  parseRepositoryName,
  type Reference,
  type RepositoryName,
  type Tag,
} from '../../oci/index.ts';

/**
 * Another registry. Nothing that it says is believed: what it sends counts when it has the digest that was
 * asked for. It throws a StoreError when it cannot be reached, refuses, or makes no sense: its detail has the `status` that was
 * answered, where one was, 401 where the login does not count; and `retryAfterSeconds` where it wants to be let alone for so long.
 */
export interface Upstream {
  /** What messages call it. */
  readonly name: string;
  /** What a reference leads to now; undefined when there is no such thing. */
  digestOf(repository: RepositoryName, reference: Reference): Promise<Digest | undefined>;
  manifest(
    repository: RepositoryName,
    reference: Reference,
  ): Promise<{ readonly bytes: Uint8Array; readonly mediaType: string } | undefined>;
  blobSize(repository: RepositoryName, digest: Digest): Promise<number | undefined>;
  /** A blob's bytes as they come. A reader that stops early ends the transfer. */
  openBlob(
    repository: RepositoryName,
    digest: Digest,
  ): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** The manifests whose subject this is, by digest; undefined where it keeps no such lists. */
  referrers(repository: RepositoryName, subject: Digest): Promise<readonly Digest[] | undefined>;
  /** All tags, in any order; undefined when there is no such repository. */
  tags(repository: RepositoryName): Promise<readonly string[] | undefined>;
}

/** What an upstream's own trust server says is signed there. */
export interface MirrorTrust {
  /**
   * The tags of a repository that the required signer vouches for at this moment, each with the digest that
   * was signed; none when nothing verifies.
   * @param name  as the upstream calls it
   * @throws StoreError when the trust server fails and nothing is known from before
   */
  signedTags(name: RepositoryName): Promise<ReadonlyMap<Tag, Digest>>;
}

/**
 * What the upstream calls a repository of a mirror.
 * @throws StoreError OCI_REPOSITORY_INVALID when it would be too long
 */
export function nameThereOf(rule: MirrorRule, repository: RepositoryName): RepositoryName {
  return parseRepositoryName(rule.nameThere(repository.slice(rule.folder.length + 1)));
}

/** A folder here that shows what another registry has. */
export interface MirrorRule {
  /** The repositories below it are mirrored: `mirror/hub`. */
  readonly folder: string;
  readonly upstream: Upstream;
  /** What the upstream calls the repository that is `<folder>/<name>` here. */
  readonly nameThere: (name: string) => string;
  /** With it, only what is signed exists. */
  readonly trust?: MirrorTrust | undefined;
  /** For how long a tag leads where it led when the upstream was last asked. */
  readonly tagsForMs: number;
  /** For how long what nobody asks for is kept. */
  readonly keepMs: number;
}
