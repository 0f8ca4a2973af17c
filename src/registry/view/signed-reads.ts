import type { Digest } from '../../base/index.ts';
import {
  isAboutAnother,
  isDigestReference,
  type Reference,
  type RepositoryName,
  type Tag,
} from '../../oci/index.ts';
import type { OpenBlob } from '../blobs.ts';
import { registryError } from '../errors.ts';
import type { Page, StoredManifest } from '../ports.ts';
import type { RegistryReads } from '../reads.ts';

/** Signed tags that are looked for together when fewer are asked for: what is signed may not be here. */
const leastLooked = 500;

/** What such a view asks of the world. */
export interface SignedPorts {
  /** Everything there is. */
  readonly reads: RegistryReads;
  /**
   * The tags of a repository that a signer vouches for at this moment, each with the digest that
   * was signed; none when nothing verifies.
   */
  readonly signedTags: (repository: RepositoryName) => Promise<ReadonlyMap<Tag, Digest>>;
  /** Those of some manifests that the repository has. */
  readonly present: (
    repository: RepositoryName,
    digests: readonly Digest[],
  ) => Promise<ReadonlySet<Digest>>;
  /**
   * Whether some manifests hold a manifest or blob of the repository: they name it, are its subject,
   * have a tag about them that leads to it, or hold one that does.
   */
  readonly isHeld: (
    repository: RepositoryName,
    digest: Digest,
    by: ReadonlySet<Digest>,
  ) => Promise<boolean>;
}

/**
 * A repository of which only what a signer vouches for can be seen: a tag leads to the digest that was
 * signed for it, wherever it was pushed to since, and a digest is there when a signed one holds it.
 * What says something of such an image (a signature, an SBOM, a list of referrers) is seen with it.
 */
export class SignedReads implements RegistryReads {
  readonly #ports: SignedPorts;

  constructor(ports: SignedPorts) {
    this.#ports = ports;
  }

  async manifest(
    repository: RepositoryName,
    reference: Reference,
  ): Promise<StoredManifest | undefined> {
    const { reads } = this.#ports;
    const signed = await this.#ports.signedTags(repository);
    if (!isDigestReference(reference)) {
      const digest = signed.get(reference);
      if (digest) return reads.manifest(repository, digest);
      return isAboutAnother(reference) ? this.#remark(repository, reference, signed) : undefined;
    }
    const isSeen = await this.#isSeen(repository, reference, signed);
    return isSeen ? reads.manifest(repository, reference) : undefined;
  }

  async tags(
    repository: RepositoryName,
    { after = '', limit }: Page,
  ): Promise<readonly Tag[] | undefined> {
    const { reads, present } = this.#ports;
    const signed = await this.#ports.signedTags(repository);
    const named = [...signed]
      .filter(([tag]) => tag > after)
      .sort(([one], [other]) => (one < other ? -1 : 1));
    const lookedAtOnce = Math.max(limit, leastLooked);
    const tags: Tag[] = [];
    for (let at = 0; at < named.length && tags.length < limit; at += lookedAtOnce) {
      const some = named.slice(at, at + lookedAtOnce);
      const here = await present(repository, [...new Set(some.map(([, digest]) => digest))]);
      const found = some.filter(([, digest]) => here.has(digest)).map(([tag]) => tag);
      tags.push(...found.slice(0, limit - tags.length));
    }
    const isThere = tags.length > 0 || (await reads.tags(repository, { after, limit: 0 }));
    return isThere ? tags : undefined;
  }

  async referrers(
    repository: RepositoryName,
    subject: Digest,
    filter: Page & { readonly artifactType: string | undefined },
  ): Promise<readonly StoredManifest[]> {
    const signed = await this.#ports.signedTags(repository);
    if (!(await this.#isSeen(repository, subject, signed))) return [];
    return this.#ports.reads.referrers(repository, subject, filter);
  }

  async openBlob(repository: RepositoryName, digest: Digest): Promise<OpenBlob> {
    const signed = await this.#ports.signedTags(repository);
    const isSeen = await this.#isSeen(repository, digest, signed);
    if (!isSeen) throw registryError('REGISTRY_BLOB_UNKNOWN', { repository, digest });
    return this.#ports.reads.openBlob(repository, digest);
  }

  /** What a tag about another image leads to, when that image is seen. */
  async #remark(repository: RepositoryName, tag: Tag, signed: ReadonlyMap<Tag, Digest>) {
    const [, algorithm, hex] = /^(sha256|sha512)-([0-9a-f]{64})/.exec(tag) ?? [];
    // The tag has no more than 64 digits, so of sha512 only an image that is itself signed is found.
    const subject =
      algorithm === 'sha256'
        ? (`sha256:${hex}` as Digest)
        : [...signed.values()].find((digest) => digest.startsWith(`${algorithm}:${hex}`));
    if (subject === undefined) return undefined;
    const isSeen = await this.#isSeen(repository, subject, signed);
    return isSeen ? this.#ports.reads.manifest(repository, tag) : undefined;
  }

  async #isSeen(
    repository: RepositoryName,
    digest: Digest,
    signed: ReadonlyMap<Tag, Digest>,
  ): Promise<boolean> {
    const roots = new Set(signed.values());
    if (roots.size === 0) return false;
    return roots.has(digest) || (await this.#ports.isHeld(repository, digest, roots));
  }
}
