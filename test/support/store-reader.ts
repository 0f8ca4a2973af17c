import { DatabaseSync } from 'node:sqlite';

interface Metadata {
  readonly signed: {
    readonly meta: Record<string, { hashes: { sha256: string } }>;
    readonly targets: Record<string, { hashes: { sha256: string } }>;
  };
}

/**
 * A consumer of the store on a database connection of their own. It sees what is committed, and
 * compares tags, signatures and manifests of the store zone under every name.
 */
export class StoreReader implements Disposable {
  readonly #db: DatabaseSync;
  /** How many looks found something in the store. */
  seen = 0;

  constructor(path: string) {
    this.#db = new DatabaseSync(path, { readOnly: true });
  }

  /** @returns what nobody may ever see; empty when all is well */
  look(origins: readonly string[]): string[] {
    this.#db.exec('begin');
    try {
      const tags = this.#all(
        "select repository, tag, digest from tags where repository like 'store/%'",
      );
      const guns = this.#all(
        "select distinct gun from tuf_files where gun like '%/store/%' and role = 'timestamp'",
      );
      if (tags.length > 0) this.seen++;
      const troubles: string[] = [];
      for (const { repository, tag, digest } of tags) {
        for (const origin of origins) {
          const signed = this.#signed(`${origin}/${repository}`).get(String(tag));
          if (signed !== digest) {
            troubles.push(`${repository}:${tag} is ${digest}, ${origin} signed ${signed}`);
          }
        }
        if (!this.#holds(String(repository), String(digest))) {
          troubles.push(`${repository}:${tag} has no manifest`);
        }
      }
      for (const { gun } of guns) {
        const repository = String(gun).slice(String(gun).indexOf('/') + 1);
        for (const [tag, digest] of this.#signed(String(gun))) {
          const found = tags.find((row) => row.repository === repository && row.tag === tag);
          if (found?.digest !== digest) troubles.push(`${gun}:${tag} is signed and not there`);
        }
      }
      return troubles;
    } finally {
      this.#db.exec('rollback');
    }
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }

  /** Tag to digest, as `targets/releases` has them, every file by the hash in its parent. */
  #signed(gun: string): Map<string, string> {
    const [row] = this.#all(
      "select bytes from tuf_files where gun = ? and role = 'timestamp' order by version desc limit 1",
      gun,
    );
    if (!row) return new Map();
    const snapshot = this.#named(gun, parse(row), 'snapshot');
    const releases = this.#named(gun, snapshot, 'targets/releases');
    return new Map(
      Object.entries(releases.signed.targets).map(([tag, { hashes }]) => [
        tag,
        `sha256:${hexOf(hashes.sha256)}`,
      ]),
    );
  }

  #named(gun: string, parent: Metadata, role: string): Metadata {
    const hash = hexOf(parent.signed.meta[role]?.hashes.sha256 ?? '');
    const [row] = this.#all(
      'select bytes from tuf_files where gun = ? and role = ? and sha256 = ?',
      gun,
      role,
      hash,
    );
    if (!row) throw new Error(`${gun} names a ${role} that is not there`);
    return parse(row);
  }

  /** The manifest, all it names, and the bytes of each manifest. */
  #holds(repository: string, digest: string): boolean {
    const [row] = this.#all(
      `select bytes from manifests join repository_manifests using (digest)
       where repository = ? and digest = ?`,
      repository,
      digest,
    );
    if (!row) return false;
    const {
      config,
      layers = [],
      manifests = [],
    } = parse(row) as unknown as {
      config?: { digest: string };
      layers?: { digest: string }[];
      manifests?: { digest: string }[];
    };
    const blobs = config ? [config, ...layers] : [];
    const linked = 'select 1 from repository_blobs where repository = ? and digest = ?';
    return (
      blobs.every((blob) => this.#all(linked, repository, blob.digest).length === 1) &&
      manifests.every((child) => this.#holds(repository, child.digest))
    );
  }

  #all(sql: string, ...values: string[]) {
    return this.#db.prepare(sql).all(...values);
  }
}

function parse(row: Record<string, unknown>): Metadata {
  return JSON.parse(Buffer.from(row.bytes as Uint8Array).toString()) as Metadata;
}

function hexOf(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex');
}
