import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Digest } from '../../../base/index.ts';
import {
  isDigestReference,
  type Reference,
  type RepositoryName,
  type Tag,
} from '../../../oci/index.ts';
import type {
  InstantIndex,
  LinkedBlob,
  NamedReferrer,
  Page,
  StoredManifest,
} from '../../../registry/index.ts';

const keptEntries = 4_000;
/** Larger manifests are read each time: the system's page cache holds them once, not twice. */
const keptManifestBytes = 16 * 1024;

/**
 * The reads that every pull makes of the registry's index, of SQLite alone: see
 * {@link SqliteInstantReads}, which has the connection and says when what is kept is old.
 */
export class SqliteInstantRegistry implements InstantIndex {
  readonly #forgetOld: () => void;
  readonly #byDigest: StatementSync;
  readonly #byTag: StatementSync;
  readonly #blob: StatementSync;
  readonly #tags: StatementSync;
  readonly #referrers: StatementSync;
  readonly #manifests = new Map<string, StoredManifest>();
  readonly #blobs = new Map<string, LinkedBlob>();
  #epoch = {};

  /** @param forgetOld  called before each answer; calls {@link forget} when anybody has written */
  constructor(database: DatabaseSync, forgetOld: () => void) {
    this.#forgetOld = forgetOld;
    const prepare = (text: string) => database.prepare(text);
    const columns = `select r.digest, r.media_type, r.size_bytes, m.bytes from repository_manifests r
      join manifests m on m.digest = r.digest`;
    this.#byDigest = prepare(`${columns} where r.repository = ? and r.digest = ?`);
    this.#byTag = prepare(
      `${columns} join tags t on t.digest = r.digest and t.repository = r.repository
       where t.repository = ? and t.tag = ?`,
    );
    this.#blob = prepare(
      'select size_bytes, linked_at from repository_blobs where repository = ? and digest = ?',
    );
    this.#tags = prepare(
      `select string_agg(tag, ',') as tags from
       (select tag from tags where repository = ? and tag > ? order by tag limit ?)`,
    );
    this.#referrers = prepare(
      `select digest, media_type from repository_manifests where repository = ? and subject = ?
       order by digest limit ?`,
    );
  }

  forget(): void {
    this.#manifests.clear();
    this.#blobs.clear();
    this.#epoch = {};
  }

  manifest(repository: RepositoryName, reference: Reference): StoredManifest | undefined {
    this.#forgetOld();
    const key = `${repository} ${reference}`;
    const known = this.#manifests.get(key);
    if (known) return known;
    const query = isDigestReference(reference) ? this.#byDigest : this.#byTag;
    const found = manifestOf(query.get(repository, reference));
    if (found && found.sizeBytes <= keptManifestBytes)
      keep(this.#manifests, keptEntries, key, found);
    return found;
  }

  linkedBlob(repository: RepositoryName, digest: Digest): LinkedBlob | undefined {
    this.#forgetOld();
    const key = `${repository} ${digest}`;
    const known = this.#blobs.get(key);
    if (known) return known;
    const row = this.#blob.get(repository, digest);
    if (!row) return undefined;
    const linkedAt = new Date(Number(row.linked_at));
    const found = { sizeBytes: Number(row.size_bytes), linkedAt };
    keep(this.#blobs, keptEntries, key, found);
    return found;
  }

  epoch(): object {
    this.#forgetOld();
    return this.#epoch;
  }

  tags(repository: RepositoryName, { after, limit }: Page): readonly Tag[] | undefined {
    this.#forgetOld();
    // A row for each tag takes ten times as long.
    const tags = this.#tags.get(repository, after ?? '', limit)?.tags;
    return typeof tags === 'string' ? (tags.split(',') as Tag[]) : undefined;
  }

  referrers(
    repository: RepositoryName,
    subject: Digest,
    limit: number,
  ): readonly NamedReferrer[] | undefined {
    this.#forgetOld();
    const rows = this.#referrers.all(repository, subject, limit + 1);
    if (rows.length > limit) return undefined;
    return rows.map(({ digest, media_type }) => ({
      digest: digest as Digest,
      mediaType: String(media_type),
    }));
  }
}

function keep<T>(kept: Map<string, T>, most: number, key: string, value: T): void {
  if (kept.size >= most) kept.clear();
  kept.set(key, value);
}

function manifestOf(row: unknown): StoredManifest | undefined {
  if (row === undefined) return undefined;
  const { digest, media_type, size_bytes, bytes } = row as {
    digest: Digest;
    media_type: string;
    size_bytes: number;
    bytes: Uint8Array;
  };
  return { digest, mediaType: media_type, sizeBytes: size_bytes, bytes };
}
