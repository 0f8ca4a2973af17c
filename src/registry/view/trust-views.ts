import type { Digest } from '../../base/index.ts';
import type { RepositoryName, Tag } from '../../oci/index.ts';
import type { NamePattern } from '../collection/name-pattern.ts';
import type { ReaderViews, RegistryReads } from '../reads.ts';
import { noting, type SeenLately } from './seen-lately.ts';
import { SignedReads } from './signed-reads.ts';

/** In which repositories readers see only what somebody signed. */
export interface TrustViewRule {
  readonly repositories: NamePattern;
  /** `releases`, the name of a signer, or `any`: what docker would pull with content trust on. */
  readonly signer: string;
}

/** What views ask of the world. */
export interface TrustViewPorts {
  /** Everything there is. */
  readonly reads: RegistryReads;
  /**
   * The tags of a repository that the signer vouches for at this moment, each with the digest that
   * was signed; none when nothing verifies.
   */
  readonly signedTags: (
    repository: RepositoryName,
    signer: string,
  ) => Promise<ReadonlyMap<Tag, Digest>>;
  /** Until when that stays so if nobody publishes; undefined when it was not asked lately. */
  readonly signedUntil?: (repository: RepositoryName, signer: string) => Date | undefined;
  /** Told what readers see, for whoever answers without waiting. */
  readonly seen?: SeenLately | undefined;
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

/** What readers see of each repository. The first rule whose pattern fits decides. */
export class TrustViews implements ReaderViews {
  readonly #ports: TrustViewPorts;
  readonly #rules: readonly TrustViewRule[];

  constructor(ports: TrustViewPorts, rules: readonly TrustViewRule[]) {
    this.#ports = ports;
    this.#rules = rules;
  }

  narrows(repository: RepositoryName): boolean {
    return this.#ruleOf(repository) !== undefined;
  }

  of(repository: RepositoryName): RegistryReads {
    const rule = this.#ruleOf(repository);
    if (!rule) return this.#ports.reads;
    const { seen, signedUntil } = this.#ports;
    const reads = new SignedReads(this.#ports, rule.signer);
    if (!seen || !signedUntil) return reads;
    return noting(reads, seen, (name) => signedUntil(name, rule.signer));
  }

  async lists(repository: RepositoryName): Promise<boolean> {
    const rule = this.#ruleOf(repository);
    if (!rule) return true;
    return (await this.#ports.signedTags(repository, rule.signer)).size > 0;
  }

  #ruleOf(repository: RepositoryName): TrustViewRule | undefined {
    return this.#rules.find((rule) => rule.repositories(repository));
  }
}
