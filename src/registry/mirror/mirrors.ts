import { isStoreError } from '../../base/index.ts';
import type { RepositoryName } from '../../oci/index.ts';
import type { ReaderViews, RegistryReads } from '../reads.ts';
import { SignedReads } from '../view/signed-reads.ts';
import type { MirrorRule, MirrorTrust } from './ports.ts';
import { type MirrorPorts, PulledThrough } from './pulled-through.ts';
import { signedThere } from './signed-there.ts';

interface Mirror {
  readonly rule: MirrorRule;
  readonly pulled: PulledThrough;
  readonly reads: RegistryReads;
  readonly signedTags: MirrorTrust['signedTags'] | undefined;
}

/**
 * What readers see where folders mirror other registries: there, what those have, or what of it is
 * signed; elsewhere, what the other views show. Who pulls needs the same rights as anywhere, and nobody
 * pushes into a mirror.
 */
export class Mirrors implements ReaderViews, AsyncDisposable {
  readonly #mirrors: readonly Mirror[];
  readonly #others: ReaderViews;

  constructor(ports: MirrorPorts, rules: readonly MirrorRule[], others: ReaderViews) {
    this.#mirrors = rules.map((rule) => mirrorBy(rule, ports));
    this.#others = others;
  }

  /** What the registry is called that a repository is mirrored from; undefined for our own. */
  upstreamOf(repository: string): string | undefined {
    return this.#of(repository)?.rule.upstream.name;
  }

  narrows(repository: RepositoryName): boolean {
    return this.#of(repository) !== undefined || this.#others.narrows(repository);
  }

  of(repository: RepositoryName): RegistryReads {
    return this.#of(repository)?.reads ?? this.#others.of(repository);
  }

  async lists(repository: RepositoryName): Promise<boolean> {
    const mirror = this.#of(repository);
    if (!mirror) return this.#others.lists(repository);
    try {
      return !mirror.signedTags || (await mirror.signedTags(repository)).size > 0;
    } catch (error) {
      if (!isStoreError(error)) throw error;
      return false;
    }
  }

  /** Ends what is under way. The upstreams' connections are closed before, so that none is waited for. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#mirrors.map(({ pulled }) => pulled.close()));
  }

  #of(repository: string): Mirror | undefined {
    return this.#mirrors.find(({ rule }) => repository.startsWith(`${rule.folder}/`));
  }
}

function mirrorBy(rule: MirrorRule, ports: MirrorPorts): Mirror {
  const pulled = new PulledThrough(ports, rule);
  const { trust } = rule;
  if (!trust) return { rule, pulled, reads: pulled, signedTags: undefined };
  const view = signedThere(rule, trust, pulled, ports);
  return { rule, pulled, reads: new SignedReads(view), signedTags: view.signedTags };
}
