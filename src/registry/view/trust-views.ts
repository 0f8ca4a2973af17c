import type { Digest } from '../../base/index.ts';
import type { RepositoryName, Tag } from '../../oci/index.ts';
import type { NamePattern } from '../collection/name-pattern.ts';
import type { ReaderViews, RegistryReads } from '../reads.ts';
import { noting, type SeenLately } from './seen-lately.ts';
import { type SignedPorts, SignedReads } from './signed-reads.ts';

/** In which repositories readers see only what somebody signed. */
export interface TrustViewRule {
  readonly repositories: NamePattern;
  /** `releases`, the name of a signer, or `any`: what docker would pull with content trust on. */
  readonly signer: string;
}

/** What views ask of the world. */
export interface TrustViewPorts extends Omit<SignedPorts, 'signedTags'> {
  /** As in {@link SignedPorts}, by the signer that a rule names. */
  readonly signedTags: (
    repository: RepositoryName,
    signer: string,
  ) => Promise<ReadonlyMap<Tag, Digest>>;
  /** Until when that stays so if nobody publishes; undefined when it was not asked lately. */
  readonly signedUntil?: (repository: RepositoryName, signer: string) => Date | undefined;
  /** Told what readers see, for whoever answers without waiting. */
  readonly seen?: SeenLately | undefined;
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
    const signedTags = (name: RepositoryName) => this.#ports.signedTags(name, rule.signer);
    const reads = new SignedReads({ ...this.#ports, signedTags });
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
