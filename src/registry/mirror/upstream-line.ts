import { type Clock, Memory } from '../../base/index.ts';
import type { RepositoryName } from '../../oci/index.ts';
import { type MirrorRule, nameThereOf, type Upstream } from './ports.ts';
import { isUpstreamFailure, upstreamFailure } from './upstream-failure.ts';

/** An upstream that failed is let alone for so long; a pull asks it many times. */
const restMs = 5_000;

interface Ports {
  readonly clock: Clock;
  readonly told: (repository: RepositoryName, failure: unknown) => void;
}

/** The way to the upstream of a mirror: what fails there is told once, and not asked again for a moment. */
export class UpstreamLine {
  readonly #ports: Ports;
  readonly #rule: MirrorRule;
  /** By repository. */
  readonly #failed = new Memory<unknown>();

  constructor(ports: Ports, rule: MirrorRule) {
    this.#ports = ports;
    this.#rule = rule;
  }

  /**
   * @param question  is given the upstream's name of the repository
   * @throws StoreError REGISTRY_UPSTREAM
   */
  async ask<T>(
    repository: RepositoryName,
    question: (upstream: Upstream, name: RepositoryName) => Promise<T>,
  ): Promise<T> {
    const { upstream } = this.#rule;
    const { clock, told } = this.#ports;
    const failed = this.#failed.get(repository, clock());
    if (failed !== undefined) throw failed;
    try {
      return await question(upstream, nameThereOf(this.#rule, repository));
    } catch (error) {
      const failure = upstreamFailure(upstream.name, error);
      if (isUpstreamFailure(failure)) {
        this.#failed.set(repository, failure, clock(), restMs);
        told(repository, failure);
      }
      throw failure;
    }
  }
}
