import type { RepositoryName } from '../../oci/index.ts';
import type { ReaderViews, RegistryReads } from '../reads.ts';
import type { MirrorRule } from './ports.ts';
import { type MirrorPorts, PulledThrough } from './pulled-through.ts';

/**
 * What readers see where folders mirror other registries: there, what those have; elsewhere, what the
 * other views show. Who pulls needs the same rights as anywhere, and nobody pushes into a mirror.
 */
export class Mirrors implements ReaderViews, AsyncDisposable {
  readonly #mirrors: readonly (readonly [MirrorRule, PulledThrough])[];
  readonly #others: ReaderViews;

  constructor(ports: MirrorPorts, rules: readonly MirrorRule[], others: ReaderViews) {
    this.#mirrors = rules.map((rule) => [rule, new PulledThrough(ports, rule)]);
    this.#others = others;
  }

  /** What the registry is called that a repository is mirrored from; undefined for our own. */
  upstreamOf(repository: string): string | undefined {
    return this.#of(repository)?.[0].upstream.name;
  }

  narrows(repository: RepositoryName): boolean {
    return this.#of(repository) !== undefined || this.#others.narrows(repository);
  }

  of(repository: RepositoryName): RegistryReads {
    return this.#of(repository)?.[1] ?? this.#others.of(repository);
  }

  async lists(repository: RepositoryName): Promise<boolean> {
    return this.#of(repository) !== undefined || this.#others.lists(repository);
  }

  /** Ends what is under way. The upstreams' connections are closed before, so that none is waited for. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#mirrors.map(([, reads]) => reads.close()));
  }

  #of(repository: string) {
    return this.#mirrors.find(([{ folder }]) => repository.startsWith(`${folder}/`));
  }
}
