import { type Clock, type Digest, Turns } from '../../base/index.ts';
import type { RepositoryName } from '../../oci/index.ts';
import { registryError } from '../errors.ts';
import type { BlobStore, ByteRange, RegistryIndex } from '../ports.ts';
import type { Uploads } from '../uploads.ts';
import { LiveBlob } from './live-blob.ts';
import { upstreamFailure } from './upstream-failure.ts';

/** A blob that is not here. */
export interface WantedBlob {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  /** Exactly: what is longer or shorter is not taken. */
  readonly sizeBytes: number;
}

/** Where it is. */
export interface BlobOrigin {
  /** What messages call it. */
  readonly name: string;
  readonly open: () => Promise<AsyncIterable<Uint8Array>>;
}

interface Ports {
  readonly index: Pick<RegistryIndex, 'linkedBlob'>;
  readonly blobs: BlobStore;
  readonly uploads: Uploads;
  readonly clock: Clock;
  readonly told: (repository: RepositoryName, failure: unknown) => void;
}

interface Fetch {
  readonly live: LiveBlob;
  /** When it is verified, durable and linked. */
  readonly kept: Promise<void>;
}

/** Of one upstream; the rest waits. Manifests go beside them. */
const atOnce = 6;
const mostWaiting = 200;
const mostMs = 60 * 60 * 1000;

/**
 * Blobs on their way in from an upstream, each once however many wait for it. One that nobody waits for
 * any more is fetched to its end: they will ask again.
 */
export class BlobFetches {
  readonly #ports: Ports;
  readonly #turns = new Turns(atOnce);
  readonly #underWay = new Map<string, Fetch>();
  #isClosed = false;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /**
   * The bytes, or a range of them. Nothing is fetched before the first is asked for.
   * @throws StoreError REGISTRY_UPSTREAM and its kin, REGISTRY_BLOB_UNKNOWN when the origin has none,
   *         REGISTRY_MIRROR_BUSY, REGISTRY_QUOTA; before the end of the bytes has been given
   */
  async *read(
    blob: WantedBlob,
    origin: BlobOrigin,
    range?: ByteRange,
  ): AsyncGenerator<Uint8Array, void> {
    const { digest, sizeBytes } = blob;
    const fetch = await this.#fetchOf(blob, origin);
    let start = range?.start ?? 0;
    if (fetch && !range) start = yield* fetch.live.read();
    await fetch?.kept;
    const end = range?.end ?? sizeBytes - 1;
    if (start <= end) yield* this.#ports.blobs.read(digest, { start, end });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled([...this.#underWay.values()].map(({ kept }) => kept));
  }

  /** Undefined when it was kept in the meantime. */
  async #fetchOf(blob: WantedBlob, origin: BlobOrigin): Promise<Fetch | undefined> {
    const { repository, digest, sizeBytes } = blob;
    const key = `${repository}@${digest}`;
    const known = this.#underWay.get(key);
    if (known) return known;
    const { index, blobs } = this.#ports;
    const isHere =
      (await index.linkedBlob(repository, digest)) &&
      (await blobs.stat(digest))?.sizeBytes === sizeBytes;
    if (isHere) return undefined;
    const begun = this.#underWay.get(key);
    if (begun) return begun;
    if (this.#isClosed || this.#underWay.size >= mostWaiting) {
      throw registryError('REGISTRY_MIRROR_BUSY', { upstream: origin.name, limit: mostWaiting });
    }
    const live = new LiveBlob(sizeBytes);
    const kept = this.#turns
      .take('', () => this.#keep(blob, origin, live))
      .finally(() => {
        this.#underWay.delete(key);
        live.end();
      });
    // Whoever waits is told; when nobody does, it comes to nothing.
    kept.catch(() => undefined);
    const fetch = { live, kept };
    this.#underWay.set(key, fetch);
    return fetch;
  }

  async #keep(blob: WantedBlob, origin: BlobOrigin, live: LiveBlob): Promise<void> {
    const { repository, digest, sizeBytes } = blob;
    const { uploads, clock, told } = this.#ports;
    try {
      const bytes = live.passing(this.#inTime(await origin.open()));
      const owner = { repository, user: undefined };
      await uploads.takeWhole(owner, digest, { bytes, sizeBytes }, clock);
    } catch (error) {
      const failure = upstreamFailure(origin.name, error);
      if (failure !== error) told(repository, failure);
      throw failure;
    }
  }

  async *#inTime(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const end = this.#ports.clock().getTime() + mostMs;
    for await (const piece of bytes) {
      if (this.#isClosed || this.#ports.clock().getTime() > end) {
        throw registryError('REGISTRY_MIRROR_SLOW', { limitMinutes: mostMs / 60_000 });
      }
      yield piece;
    }
  }
}
