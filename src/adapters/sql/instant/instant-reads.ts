import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { FileQuestion, InstantFile, InstantReads } from '../../../trust/index.ts';
import type { Gun, RoleName } from '../../../tuf/index.ts';
import type { StoredUser } from '../user-store.ts';
import { CommitWatch } from './commit-watch.ts';
import { SqliteInstantRegistry } from './instant-registry.ts';
import { KeptFiles } from './kept-files.ts';

const keptUsers = 2_000;
const keptBytes = 4 * 1024 * 1024;
/** Larger files are read each time: the system's page cache holds them once, not twice. */
const keptFileBytes = 16 * 1024;

/**
 * The reads that every pull makes, of SQLite alone, without a query builder and without waiting for
 * anybody's transaction: a connection of their own, which sees what is committed, and nothing else.
 *
 * What was read is kept until `PRAGMA data_version` moves, which SQLite does for this connection
 * with every commit of another one, of this process or not. It is asked before each answer, unless
 * {@link CommitWatch} shows that nobody has committed; so an answer is as fresh as a query made in
 * that moment.
 *
 * @see SQLite, "PRAGMA data_version"
 */
export class SqliteInstantReads implements InstantReads, Disposable {
  /** The reads of the registry's index, over the same connection. */
  readonly registry: SqliteInstantRegistry;
  readonly #database: DatabaseSync;
  readonly #dataVersion: StatementSync;
  readonly #current: StatementSync;
  readonly #byChecksum: StatementSync;
  readonly #byVersion: StatementSync;
  readonly #expiry: StatementSync;
  readonly #user: StatementSync;
  readonly #files = new KeptFiles<InstantFile>(keptBytes);
  readonly #users = new Map<string, StoredUser | undefined>();
  readonly #watch: CommitWatch;
  #version: unknown;
  /** While one answer is made, without waiting: it was looked when that began. */
  #isLookedAt = false;

  /** @param path  a database that `openDatabase` has made */
  constructor(path: string) {
    this.#database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
    const prepare = (text: string) => this.#database.prepare(text);
    const files = `select role, version, sha256, bytes, created_at from tuf_files
      where gun = ? and role = ?`;
    this.#dataVersion = prepare('pragma data_version');
    this.#current = prepare(`${files} order by version desc limit 1`);
    this.#byChecksum = prepare(`${files} and sha256 = ? order by version desc limit 1`);
    this.#byVersion = prepare(`${files} and version = ?`);
    this.#expiry = prepare(
      `select expires_at from expiries where gun = ?1 and role = ?2 and kind = ?2 and version =
       (select max(version) from tuf_files where gun = ?1 and role = ?2)`,
    );
    this.#user = prepare(
      `select u.name, u.role, u.password_hash, u.created_at, m.namespace from users u
       left join memberships m on m.user_name = u.name where u.name = ? order by m.namespace`,
    );
    this.registry = new SqliteInstantRegistry(this.#database, () => this.#forgetOld());
    // Whoever reads first makes the index that is watched.
    this.#version = this.#dataVersion.get()?.data_version;
    this.#watch = new CommitWatch(path);
  }

  /** An answer reads a user and a file: whether what is kept of them is old is looked at once for both. */
  when(_question: FileQuestion, _user: string | undefined, ready: () => void): void {
    this.#forgetOld();
    this.#isLookedAt = true;
    try {
      ready();
    } finally {
      this.#isLookedAt = false;
    }
  }

  file(question: FileQuestion): InstantFile | undefined {
    this.#forgetOld();
    const known = this.#files.get(question.name);
    if (known) return known;
    const file = this.#read(question);
    if (!file || file.bytes.length > keptFileBytes) return file;
    this.#files.set(question.name, file);
    return file;
  }

  /** A user with the role and the namespaces of this moment. */
  user(name: string): StoredUser | undefined {
    this.#forgetOld();
    if (this.#users.has(name)) return this.#users.get(name);
    const user = userOf(this.#user.all(name) as unknown as UserRow[]);
    if (this.#users.size >= keptUsers) this.#users.clear();
    this.#users.set(name, user);
    return user;
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #read({ gun, role, sha256, version }: FileQuestion): InstantFile | undefined {
    if (sha256 !== undefined) return fileOf(this.#byChecksum.get(gun, role, sha256));
    if (version !== undefined) return fileOf(this.#byVersion.get(gun, role, version));
    const file = fileOf(this.#current.get(gun, role));
    if (!file || (role !== 'snapshot' && role !== 'timestamp')) return file;
    const both = [this.#expiryOf(gun, 'snapshot'), this.#expiryOf(gun, 'timestamp')];
    return { ...file, renewAt: new Date(Math.min(...both)) };
  }

  /** What is read after this may be newer than the version noted; then it is read once more than needed. */
  #forgetOld(): void {
    if (this.#isLookedAt || !this.#watch.mayHaveChanged()) return;
    const version = this.#dataVersion.get()?.data_version;
    if (version === this.#version) return;
    this.#version = version;
    this.#files.clear();
    this.#users.clear();
    this.registry.forget();
  }

  /** 0, which is long ago, when it is not in the index: then the slow way finds out. */
  #expiryOf(gun: Gun, role: 'snapshot' | 'timestamp'): number {
    return Number(this.#expiry.get(gun, role)?.expires_at ?? 0);
  }
}

function fileOf(row: unknown): InstantFile | undefined {
  if (row === undefined) return undefined;
  const { role, version, sha256, bytes, created_at } = row as {
    role: RoleName;
    version: number;
    sha256: string;
    bytes: Uint8Array;
    created_at: number;
  };
  return { role, version, sha256, bytes, storedAt: new Date(created_at), renewAt: undefined };
}

interface UserRow {
  name: string;
  role: StoredUser['role'];
  password_hash: string;
  created_at: number;
  namespace: string | null;
}

function userOf(rows: readonly UserRow[]): StoredUser | undefined {
  const [row] = rows;
  if (!row) return undefined;
  const { name, role, password_hash, created_at } = row;
  const namespaces = rows.flatMap(({ namespace }) => (namespace === null ? [] : [namespace]));
  return { name, role, passwordHash: password_hash, namespaces, createdAt: new Date(created_at) };
}
