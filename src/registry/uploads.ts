import {
  algorithmOf,
  type Clock,
  type Digest,
  type DigestAlgorithm,
  dayMs,
  isStoreError,
  type Random,
} from '../base/index.ts';
import type { RepositoryName } from '../oci/index.ts';
import { openBlob } from './blobs.ts';
import { registryError } from './errors.ts';
import type { BlobStore, RegistryIndex } from './ports.ts';
import type { Quotas } from './quotas.ts';
import { newUploadId, parseUploadId, type UploadId, type UploadOwner } from './upload-id.ts';

const staleAfterMs = dayMs;
const defaultBlobLimitBytes = 64 * 1024 ** 3;
/** Uploads that one user may have open: a part of what the blob store takes, so that others can push. */
const mostPerUser = 200;
/** Repositories that are looked at for a blob that may come from any. */
const holderLimit = 1_000;

export interface UploadStatus {
  readonly id: UploadId;
  /** How many bytes have come: the offset of the next chunk. */
  readonly sizeBytes: number;
}

/** Part of an upload, as one request brings it. */
export interface UploadPart {
  /** A piece is valid until the next is asked for. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Where it says it belongs; undefined for "at the end". */
  readonly offset?: number | undefined;
  /** How long it says it is. */
  readonly sizeBytes?: number | undefined;
}

interface Ports {
  readonly blobs: BlobStore;
  readonly index: RegistryIndex;
  readonly random: Random;
  readonly quotas: Quotas;
}

/**
 * How bytes become blobs of a repository: begin, append any number of times, finish. An upload
 * belongs to one repository and user, outlives a lost connection and a restart, and is given up
 * after a day in which nothing was written to it.
 */
export class Uploads {
  readonly #ports: Ports;
  readonly #blobLimitBytes: number;
  /** Whose the uploads are that were begun since the start. Those of before count for nobody. */
  readonly #open = new Map<UploadId, string | undefined>();

  /** @param blobLimitBytes  the largest blob; 64 GiB unless said otherwise */
  constructor(ports: Ports, blobLimitBytes = defaultBlobLimitBytes) {
    this.#ports = ports;
    this.#blobLimitBytes = blobLimitBytes;
  }

  /**
   * @param algorithm  of the digest it will probably be finished with
   * @throws StoreError REGISTRY_TOO_MANY_UPLOADS, REGISTRY_STORAGE_FULL, REGISTRY_QUOTA
   */
  async begin(owner: UploadOwner, algorithm?: DigestAlgorithm): Promise<UploadStatus> {
    await this.#ports.quotas.room(owner.repository);
    // Nothing is awaited from the count on until it is one more: many may be begun at once.
    const own = [...this.#open.values()].filter((user) => user === owner.user);
    if (own.length >= mostPerUser) {
      throw registryError('REGISTRY_TOO_MANY_UPLOADS', { limit: mostPerUser });
    }
    const id = newUploadId(owner, this.#ports.random);
    this.#open.set(id, owner.user);
    try {
      await this.#ports.blobs.beginUpload(id, algorithm);
    } catch (error) {
      this.#open.delete(id);
      throw error;
    }
    return { id, sizeBytes: 0 };
  }

  /** @throws StoreError REGISTRY_UPLOAD_UNKNOWN */
  async status(owner: UploadOwner, idText: string): Promise<UploadStatus> {
    const id = parseUploadId(idText, owner);
    const sizeBytes = await this.#ports.blobs.uploadSize(id);
    if (sizeBytes === undefined) throw registryError('REGISTRY_UPLOAD_UNKNOWN');
    return { id, sizeBytes };
  }

  /**
   * What broke off counts towards no quota until it is gone on with: most clients begin anew instead.
   * @throws StoreError as {@link BlobStore.appendUpload}, REGISTRY_QUOTA
   */
  async append(owner: UploadOwner, idText: string, part: UploadPart): Promise<UploadStatus> {
    const { id, sizeBytes: held } = await this.status(owner, idText);
    const { blobs, quotas } = this.#ports;
    const room = await quotas.setAside(owner.repository, id, held + (part.sizeBytes ?? 1));
    const limitBytes = Math.min(this.#blobLimitBytes, room);
    const { bytes, offset = held } = part;
    try {
      const chunk = { offset, bytes, sizeBytes: part.sizeBytes, limitBytes };
      const sizeBytes = await blobs.appendUpload(id, chunk);
      quotas.hasCome(id, sizeBytes);
      return { id, sizeBytes };
    } catch (error) {
      const code = isStoreError(error) ? error.code : undefined;
      // Another request has its turn, and tells what has come.
      if (code === 'REGISTRY_UPLOAD_BUSY') throw error;
      quotas.hasCome(id, undefined);
      if (code === 'REGISTRY_BLOB_TOO_LARGE' && room < this.#blobLimitBytes) {
        await quotas.room(owner.repository, room + 1);
      }
      throw error;
    }
  }

  /**
   * Makes the upload a blob of its repository. After a crash in between the bytes lie in the blob
   * store, linked nowhere, and the client sends them again.
   * @throws StoreError as {@link BlobStore.finishUpload}, and then the upload is gone; REGISTRY_QUOTA,
   *         and then it is there still
   */
  async finish(owner: UploadOwner, idText: string, digest: Digest, now: Date): Promise<void> {
    const id = parseUploadId(idText, owner);
    const { blobs, index, quotas } = this.#ports;
    const { repository } = owner;
    const link = async () => {
      const { sizeBytes } = await this.#ending(id, () => blobs.finishUpload(id, digest));
      await index.linkBlob(repository, digest, sizeBytes, now);
    };
    if (!quotas.coverAny(repository)) return link();
    const sizeBytes = (await blobs.uploadSize(id)) ?? 0;
    try {
      return await quotas.linking({ repository, digest, sizeBytes, upload: id }, link);
    } finally {
      quotas.hasCome(id, await blobs.uploadSize(id));
    }
  }

  /**
   * A whole blob at once. Nothing of it stays when it fails: nobody was told an id to go on with.
   * @throws StoreError as {@link begin}, {@link append} and {@link finish}
   */
  async takeWhole(
    owner: UploadOwner,
    digest: Digest,
    part: Omit<UploadPart, 'offset'>,
    clock: Clock,
  ): Promise<void> {
    const { id } = await this.begin(owner, algorithmOf(digest));
    try {
      await this.append(owner, id, part);
      await this.finish(owner, id, digest, clock());
    } catch (error) {
      // A failed finish has removed it already.
      await this.cancel(owner, id).catch(() => undefined);
      throw error;
    }
  }

  /** @throws StoreError REGISTRY_UPLOAD_UNKNOWN, REGISTRY_UPLOAD_BUSY */
  async cancel(owner: UploadOwner, idText: string): Promise<void> {
    const id = parseUploadId(idText, owner);
    await this.#ending(id, () => this.#ports.blobs.cancelUpload(id));
  }

  /**
   * Gives `to` a blob that `from` has, without copying. Whether the caller may read `from` is
   * decided before.
   * @throws StoreError REGISTRY_BLOB_UNKNOWN, REGISTRY_BLOB_DAMAGED, REGISTRY_QUOTA
   */
  async mount(from: RepositoryName, to: RepositoryName, digest: Digest, now: Date): Promise<void> {
    const { blobs, index, quotas } = this.#ports;
    const { sizeBytes } = await openBlob(index, blobs, from, digest);
    await quotas.linking({ repository: to, digest, sizeBytes, from }, () =>
      index.mountBlob(from, to, digest, now),
    );
  }

  /** Repositories that have this blob, the first thousand by name: where it could be mounted from. */
  holders(digest: Digest): Promise<readonly RepositoryName[]> {
    return this.#ports.index.holders(digest, { after: undefined, limit: holderLimit });
  }

  /** Gives up what nobody wrote to for a day. @returns how many there were */
  async expire(now: Date): Promise<number> {
    const { blobs } = this.#ports;
    const stale = await blobs.staleUploads(new Date(now.getTime() - staleAfterMs));
    const outcomes = await Promise.allSettled(
      stale.map((id) => this.#ending(id, () => blobs.cancelUpload(id))),
    );
    return outcomes.filter((outcome) => outcome.status === 'fulfilled').length;
  }

  /** What ends an upload may fail before or after it is gone: it counts as long as it is there. */
  async #ending<T>(id: UploadId, end: () => Promise<T>): Promise<T> {
    try {
      return await end();
    } finally {
      if ((await this.#ports.blobs.uploadSize(id)) === undefined) {
        this.#open.delete(id);
        this.#ports.quotas.hasCome(id, undefined);
      }
    }
  }
}
