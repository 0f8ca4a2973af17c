import { type Clock, Memory, type StoreError } from '../../base/index.ts';
import type { RepositoryName } from '../../oci/index.ts';
import { type MirrorRule, nameThereOf, type Upstream } from './ports.ts';
import { isUpstreamFailure, laterFailure, restMsOf, upstreamFailure } from './upstream-failure.ts';

interface Ports {
  readonly clock: Clock;
  readonly told: (repository: RepositoryName, failure: unknown) => void;
}

interface Rest {
  readonly failure: StoreError;
  readonly untilMs: number;
}

/** What counts for every repository. No repository is called so. */
const all = '';

/**
 * The way to the upstream of a mirror: what fails there is told once, and not asked again for a moment. One that says
 * for how long it wants no requests gets none in that time, whatever they are about.
 */
export class UpstreamLine {
  readonly #ports: Ports;
  readonly #rule: MirrorRule;
  /** By repository. */
  readonly #rests = new Memory<Rest>();

  constructor(ports: Ports, rule: MirrorRule) {
    this.#ports = ports;
    this.#rule = rule;
  }

  /**
   * @param question  is given the upstream's name of the repository
   * @throws StoreError REGISTRY_UPSTREAM, REGISTRY_UPSTREAM_LIMIT, REGISTRY_UPSTREAM_REFUSES
   */
  async ask<T>(
    repository: RepositoryName,
    question: (upstream: Upstream, name: RepositoryName) => Promise<T>,
  ): Promise<T> {
    const { upstream } = this.#rule;
    this.#throwWhileItRests(repository);
    try {
      return await question(upstream, nameThereOf(this.#rule, repository));
    } catch (error) {
      const failure = upstreamFailure(upstream.name, error);
      if (isUpstreamFailure(failure)) this.#rest(repository, failure);
      throw failure;
    }
  }

  #throwWhileItRests(repository: RepositoryName): void {
    const now = this.#ports.clock();
    const rest = this.#rests.get(all, now) ?? this.#rests.get(repository, now);
    if (rest) throw laterFailure(rest.failure, rest.untilMs - now.getTime());
  }

  #rest(repository: RepositoryName, failure: StoreError): void {
    const now = this.#ports.clock();
    const restMs = restMsOf(failure);
    const untilMs = now.getTime() + restMs;
    const whose = failure.detail.retryAfterSeconds === undefined ? repository : all;
    this.#ports.told(repository, failure);
    if ((this.#rests.get(whose, now)?.untilMs ?? 0) >= untilMs) return;
    this.#rests.set(whose, { failure, untilMs }, now, restMs);
  }
}
