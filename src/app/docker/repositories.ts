import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, type Digest, isStoreError } from '../../base/index.ts';
import {
  accessUnder,
  digestKept,
  type KeyStore,
  type MetadataCache,
  openTrust,
  ruleFor,
  type Trust,
  type TrustPolicy,
  type TrustRule,
} from '../../client/index.ts';
import type { Gun } from '../../tuf/index.ts';
import type { Servers } from './servers.ts';

export interface RepositoriesOptions {
  readonly servers: Servers;
  readonly cache: MetadataCache;
  readonly keys: KeyStore;
  /** Read when it is first needed, once. */
  readonly readPolicy: () => Promise<TrustPolicy>;
  /** Where a trust server does not answer, what was kept counts until it expires. */
  readonly offline: boolean;
  /** Told when what was kept is used, in a line. */
  readonly warn: (text: string) => void;
  readonly clock: Clock;
}

/** The repositories of one command: under the rules of the trust policy, each verified once. */
export class Repositories {
  readonly #options: RepositoriesOptions;
  readonly #opened = new Map<Gun, Promise<Trust>>();
  #policy: Promise<TrustPolicy> | undefined;

  constructor(options: RepositoriesOptions) {
    this.#options = options;
  }

  /** @throws StoreError CONFIG_FILE, CLIENT_POLICY_NO_RULE, and the POLICY_ codes */
  async rule(gun: Gun): Promise<TrustRule> {
    this.#policy ??= this.#options.readPolicy();
    return ruleFor(await this.#policy, gun);
  }

  /** @throws StoreError what `openTrust`, {@link rule} and the server's certificates throw */
  open(gun: Gun, forWriting?: 'for-writing'): Promise<Trust> {
    const known = this.#opened.get(gun);
    if (known) return known;
    const opened = this.request(gun, forWriting).then(openTrust);
    this.#opened.set(gun, opened);
    return opened;
  }

  /** What a tag was signed for when the repository was last verified; what is wrong with that is told when it is again. */
  async lastDigest(gun: Gun, tag: string): Promise<Digest | undefined> {
    try {
      return digestKept(await this.#options.cache.load(gun), tag);
    } catch (error) {
      if (!isStoreError(error)) throw error;
      return undefined;
    }
  }

  /** What a repository is opened with, and the rule that it is opened under. */
  async request(gun: Gun, forWriting?: 'for-writing') {
    const { servers, cache, offline, warn, clock } = this.#options;
    const rule = await this.rule(gun);
    const source = await servers.trust(gun, { forWriting: forWriting !== undefined });
    const onKeptUsed = () => warn(`${keptWarning(gun)}\n`);
    return { gun, source, cache, rule, ...accessUnder(rule, offline), onKeptUsed, now: clock() };
  }

  /** What a publish begins with. What was opened before is the past from now on, and opened anew. */
  async publication(gun: Gun) {
    const { servers, cache, keys, clock } = this.#options;
    const remote = await servers.trust(gun, { forWriting: true });
    const opened = await this.#opened.get(gun)?.catch(() => undefined);
    this.#opened.delete(gun);
    const { pin } = await this.rule(gun);
    return { gun, remote, cache, keys, pin, now: clock(), pause, opened };
  }
}

/** A random moment, so that many publishers of one repository do not meet again and again. */
async function pause(attempt: number): Promise<void> {
  await sleep(randomInt(20 * Math.min(attempt, 20)));
}

function keptWarning(gun: Gun): string {
  return `Warning: the trust server of ${gun} does not answer; what was verified before is used, which may not be the latest`;
}
