import { isStoreError, type StoreError, Turns } from '../base/index.ts';
import {
  authorityOf,
  type DelegationName,
  type Gun,
  type MetadataFile,
  type PublicKey,
  parentOf,
  parseMetadata,
  parseRoot,
  type RoleName,
  type TargetsRole,
} from '../tuf/index.ts';
import { CurrentFiles, type Known } from './current-files.ts';
import { decideUpdate } from './decide-update.ts';
import { Expiries } from './expiries.ts';
import { FreshReads } from './fresh-reads.ts';
import type {
  Change,
  ChangeQuery,
  FileVersion,
  MetadataStore,
  RoleKeys,
  ServerRole,
  Standing,
  StoredFile,
} from './ports.ts';
import {
  type Renewal,
  type Renewing,
  renewServerRoles,
  unexpiredFile,
} from './renew-server-roles.ts';

/** How often an update is decided on anew because another process has just published. */
const mostTries = 10;
/** Repositories of which something is known. */
const mostKnown = 128;

/**
 * The trust server of all GUNs: accepts updates one at a time per GUN, and answers with published
 * bytes. Who may do so has been asked before.
 */
export class TrustServer {
  readonly #store: MetadataStore;
  readonly #keys: RoleKeys;
  readonly #turns = new Turns();
  readonly #known = new Map<Gun, Known>();
  readonly #fresh = new FreshReads<StoredFile | undefined>();
  readonly #renewing: Renewing;

  constructor(store: MetadataStore, keys: RoleKeys) {
    this.#store = store;
    this.#keys = keys;
    this.#renewing = { store, keys, turns: this.#turns, expiries: new Expiries() };
  }

  /**
   * Publishes an update, whole, or refuses it and leaves everything as it was.
   * @param parts  files as received, by role
   * @returns what was published, snapshot and timestamp included; nothing for an empty update
   * @throws StoreError what {@link decideUpdate} throws; TRUST_VERSION_CONFLICT also when other
   *         processes were faster, again and again
   */
  accept(
    gun: Gun,
    parts: ReadonlyMap<RoleName, Uint8Array>,
    now: Date,
  ): Promise<readonly FileVersion[]> {
    return this.exclusively(gun, () =>
      this.#atOneStanding(gun, async (over, timestamp) => {
        const current = this.#currentFiles(gun, timestamp);
        const files = await this.#decide(gun, parts, current, now);
        await this.#store.publish(gun, files, now, over);
        this.#remember(gun, current, files);
        return files;
      }),
    );
  }

  /**
   * The first half of {@link accept}: what would be published. For whoever publishes it together
   * with more, in one transaction of their own, within {@link exclusively}. Call it before that
   * transaction begins: it reads the store and the keys outside of it.
   */
  async decide(
    gun: Gun,
    parts: ReadonlyMap<RoleName, Uint8Array>,
    now: Date,
  ): Promise<readonly FileVersion[]> {
    const timestamp = await this.#store.current(gun, 'timestamp');
    return this.#decide(gun, parts, this.#currentFiles(gun, timestamp), now);
  }

  /** Does the work while nothing else of this process publishes to the GUN. It does not nest. */
  exclusively<T>(gun: Gun, work: () => Promise<T>): Promise<T> {
    return this.#turns.take(gun, work);
  }

  /**
   * The newest version of a role. An expired snapshot or timestamp is renewed first, if the server
   * holds its key and the root is still valid; else it is answered as it is, and the client sees
   * for itself that it is expired. Equal questions at the same time share an answer, which is as
   * fresh as if each had been asked alone, see {@link FreshReads}.
   */
  current(gun: Gun, role: RoleName, now: Date): Promise<StoredFile | undefined> {
    return this.#fresh.read(`${gun} ${role}`, async () => {
      if (role === 'timestamp' || role === 'snapshot') {
        const file = await unexpiredFile(gun, role, this.#renewing, now);
        if (file) return file;
        await renewServerRoles(gun, this.#renewing, 'expired', now);
      }
      return this.#store.current(gun, role);
    });
  }

  /**
   * Renews snapshot and timestamp if their time has come, which is long before they expire.
   * @returns how it ended; `refused` is for the owner of the repository to put right
   */
  renew(gun: Gun, now: Date): Promise<Renewal> {
    return renewServerRoles(gun, this.#renewing, 'due', now);
  }

  /** @param sha256  64 lowercase hex digits; anything else finds nothing */
  byChecksum(gun: Gun, role: RoleName, sha256: string): Promise<StoredFile | undefined> {
    return this.#store.byChecksum(gun, role, sha256);
  }

  byVersion(gun: Gun, role: RoleName, version: number): Promise<StoredFile | undefined> {
    return this.#store.byVersion(gun, role, version);
  }

  /**
   * The key that a client puts into its first root: the one that the published root names if the
   * server holds it, else the pending one.
   */
  async publicKey(gun: Gun, role: ServerRole, now: Date): Promise<PublicKey> {
    const file = await this.#store.current(gun, 'root');
    if (file) {
      const { keys } = authorityOf(parseRoot(file.bytes).signed, role);
      const [held] = await this.#keys.signers(gun, role, [...keys.keys()], now);
      if (held) return held.key;
    }
    return this.#keys.pendingKey(gun, role, now);
  }

  /** Whether this server can sign a role of the published repository. */
  async holdsKeys(gun: Gun, role: ServerRole, now: Date): Promise<boolean> {
    const file = await this.#store.current(gun, 'root');
    if (!file) return false;
    const { keys, threshold } = authorityOf(parseRoot(file.bytes).signed, role);
    const held = await this.#keys.signers(gun, role, [...keys.keys()], now);
    return held.length >= threshold;
  }

  /** Whether the roles above a delegation, as they are published, name it and each other. */
  async isNamed(gun: Gun, role: DelegationName): Promise<boolean> {
    for (let child: TargetsRole = role; child !== 'targets'; child = parentOf(child)) {
      const parent = await this.#store.current(gun, parentOf(child));
      if (!parent) return false;
      const { delegations } = parseMetadata(parentOf(child), parent.bytes).signed;
      if (!delegations.roles.some(({ name }) => name === child)) return false;
    }
    return true;
  }

  /** The key that a client puts into its next root. It holds from the update that names it. */
  rotateKey(gun: Gun, role: ServerRole, now: Date): Promise<PublicKey> {
    return this.#keys.pendingKey(gun, role, now);
  }

  /** Forgets all metadata of the GUN, but for how far it had come. Its server keys stay. */
  deleteAll(gun: Gun, now: Date): Promise<void> {
    return this.exclusively(gun, () =>
      this.#atOneStanding(gun, async (over) => {
        const root = await this.#store.current(gun, 'root');
        const keyIds = root ? [...parseRoot(root.bytes).signed.keys.keys()] : [];
        await this.#store.deleteAll(gun, keyIds, now, over);
      }),
    );
  }

  changes(query: ChangeQuery): Promise<Change[]> {
    return this.#store.changes(query);
  }

  #decide(
    gun: Gun,
    parts: ReadonlyMap<RoleName, Uint8Array>,
    current: CurrentFiles,
    now: Date,
  ): Promise<MetadataFile[]> {
    const retired = () => this.#store.retired(gun);
    return decideUpdate({ gun, parts, current, retired, keys: this.#keys, now });
  }

  #currentFiles(gun: Gun, timestamp: FileVersion | undefined): CurrentFiles {
    const read = (role: RoleName) => this.#store.current(gun, role);
    return new CurrentFiles(read, timestamp, this.#known.get(gun));
  }

  /** Those that were published to last are known. */
  #remember(gun: Gun, current: CurrentFiles, published: readonly MetadataFile[]): void {
    const timestamp = published.find(({ role }) => role === 'timestamp');
    if (!timestamp) return;
    this.#known.delete(gun);
    this.#known.set(gun, current.knownAfter(published, timestamp));
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostKnown && oldest !== undefined) this.#known.delete(oldest);
  }

  /**
   * Does work that reads the repository several times and then changes it over the standing it was
   * given, which is that of this timestamp. When another process has changed it meanwhile, whatever
   * the work said of that mixture is void, and it is done again.
   */
  async #atOneStanding<T>(
    gun: Gun,
    work: (over: Standing, timestamp: FileVersion | undefined) => Promise<T>,
  ): Promise<T> {
    for (let tries = 1; ; tries++) {
      const timestamp = await this.#store.current(gun, 'timestamp');
      const over = await this.#standing(gun, timestamp);
      try {
        return await work(over, timestamp);
      } catch (error) {
        if (tries === mostTries || !isStoreError(error) || isLate(error)) throw error;
        const moved = await this.#store.current(gun, 'timestamp');
        if ((await this.#standing(gun, moved)) === over) throw error;
      }
    }
  }

  async #standing(gun: Gun, timestamp: FileVersion | undefined): Promise<Standing> {
    if (timestamp) return timestamp.version;
    return -((await this.#store.retired(gun)).versions.get('timestamp') ?? 0);
  }
}

/** One of the update's own versions is published already: it stays so, whoever else publishes. */
function isLate({ code, detail }: StoreError): boolean {
  return code === 'TRUST_VERSION_CONFLICT' && detail.refused !== undefined;
}
