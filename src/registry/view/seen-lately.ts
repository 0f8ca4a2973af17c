import type { Clock, Digest } from '../../base/index.ts';
import type { Reference, RepositoryName } from '../../oci/index.ts';
import type { RegistryReads } from '../reads.ts';

const keptEntries = 4_000;

/**
 * What readers were found to see, for whoever answers without waiting. It holds until anybody writes
 * anything, or what it was read from expires; then it is to be found out anew.
 */
export class SeenLately {
  readonly #epoch: () => object;
  readonly #clock: Clock;
  readonly #seen = new Map<string, { readonly digest: Digest; readonly until: number }>();
  #since: object | undefined;

  /** @param epoch  the same object as long as nothing was written */
  constructor(epoch: () => object, clock: Clock) {
    this.#epoch = epoch;
    this.#clock = clock;
  }

  /** Asked before anything is read that is then noted. */
  moment(): object {
    return this.#epoch();
  }

  /** @param moment  since when it is so */
  note(
    moment: object,
    repository: RepositoryName,
    reference: Reference,
    digest: Digest,
    until: Date,
  ): void {
    this.#forgetOld();
    if (moment !== this.#since) return;
    if (this.#seen.size >= keptEntries) this.#seen.clear();
    this.#seen.set(`${repository} ${reference}`, { digest, until: until.getTime() });
  }

  /** To which digest a reference leads readers now; undefined when that is not known. */
  recall(repository: RepositoryName, reference: Reference): Digest | undefined {
    this.#forgetOld();
    const known = this.#seen.get(`${repository} ${reference}`);
    return known && known.until > this.#clock().getTime() ? known.digest : undefined;
  }

  #forgetOld(): void {
    const now = this.#epoch();
    if (now === this.#since) return;
    this.#since = now;
    this.#seen.clear();
  }
}

/**
 * Reads of which is noted what they found.
 * @param until  when what vouches for it expires; undefined when that is not known
 */
export function noting(
  reads: RegistryReads,
  seen: SeenLately,
  until: (repository: RepositoryName) => Date | undefined,
): RegistryReads {
  const note = async <T extends { readonly digest: Digest } | undefined>(
    repository: RepositoryName,
    reference: Reference,
    read: () => Promise<T>,
  ): Promise<T> => {
    const moment = seen.moment();
    const found = await read();
    const end = found && until(repository);
    if (end) seen.note(moment, repository, reference, found.digest, end);
    return found;
  };
  return {
    manifest: (...of) => note(...of, () => reads.manifest(...of)),
    openBlob: (...of) => note(...of, () => reads.openBlob(...of)),
    tags: (...of) => reads.tags(...of),
    referrers: (...of) => reads.referrers(...of),
  };
}
