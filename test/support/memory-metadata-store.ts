import {
  type Change,
  type ChangeQuery,
  type FileVersion,
  type MetadataStore,
  type Retired,
  type Standing,
  type StoredFile,
  trustError,
} from '../../src/trust/index.ts';
import { type Gun, parseRoleName, type RoleName } from '../../src/tuf/index.ts';

const timestampRole = parseRoleName('timestamp');

/** Published metadata in memory, for tests of what stands above the port. */
export class MemoryMetadataStore implements MetadataStore {
  #files: (StoredFile & { readonly gun: Gun })[] = [];
  readonly #changes: Change[] = [];
  readonly #retired = new Map<Gun, Retired>();

  async publish(gun: Gun, files: readonly FileVersion[], now: Date, over?: number): Promise<void> {
    if (files.length > 0) this.#requireOver(gun, over);
    const added: (StoredFile & { readonly gun: Gun })[] = [];
    for (const { role, version, sha256, bytes } of files) {
      const stored = [...this.#files, ...added]
        .filter((file) => file.gun === gun && file.role === role)
        .reduce((highest, file) => Math.max(highest, file.version), 0);
      if (stored >= version) throw trustError('TRUST_VERSION_CONFLICT', { role, version, stored });
      added.push({ gun, role, version, sha256, bytes: bytes.slice(), storedAt: now });
    }
    this.#files.push(...added);
    const timestamp = files.find((file) => file.role === 'timestamp');
    if (timestamp) this.#change(gun, now, timestamp.version, timestamp.sha256, 'update');
    else if (files.length > 0) throw new TypeError('files without a timestamp');
  }

  async current(gun: Gun, role: RoleName): Promise<StoredFile | undefined> {
    return this.#find(gun, role, () => true);
  }

  async byChecksum(gun: Gun, role: RoleName, sha256: string): Promise<StoredFile | undefined> {
    return this.#find(gun, role, (file) => file.sha256 === sha256);
  }

  async byVersion(gun: Gun, role: RoleName, version: number): Promise<StoredFile | undefined> {
    return this.#find(gun, role, (file) => file.version === version);
  }

  async deleteAll(
    gun: Gun,
    rootKeyIds: readonly string[],
    now: Date,
    over?: Standing,
  ): Promise<void> {
    this.#requireOver(gun, over);
    const left = this.#files.filter((file) => file.gun !== gun);
    if (left.length === this.#files.length) return;
    const { versions, rootKeyIds: known } = await this.retired(gun);
    const highest = new Map(versions);
    for (const { role, version } of this.#files.filter((file) => file.gun === gun)) {
      highest.set(role, Math.max(version, highest.get(role) ?? 0));
    }
    this.#retired.set(gun, { versions: highest, rootKeyIds: new Set([...known, ...rootKeyIds]) });
    this.#change(gun, now, 0, undefined, 'deletion');
    this.#files = left;
  }

  async retired(gun: Gun): Promise<Retired> {
    return this.#retired.get(gun) ?? { versions: new Map(), rootKeyIds: new Set() };
  }

  async changes({ from, limit, gun }: ChangeQuery): Promise<Change[]> {
    const all = this.#changes.filter((change) => gun === undefined || change.gun === gun);
    if (from === 'newest') return all.slice(-limit);
    if ('beforeId' in from) return all.filter((change) => change.id < from.beforeId).slice(-limit);
    return all.filter((change) => change.id > from.afterId).slice(0, limit);
  }

  #requireOver(gun: Gun, over: Standing | undefined): void {
    const published = this.#find(gun, timestampRole, () => true)?.version;
    const standing = published ?? -(this.#retired.get(gun)?.versions.get(timestampRole) ?? 0);
    if (over === undefined || over === standing) return;
    const conflict = { role: 'timestamp', version: Math.abs(over) + 1, stored: published ?? 0 };
    throw trustError('TRUST_VERSION_CONFLICT', conflict);
  }

  #find(gun: Gun, role: RoleName, wanted: (file: StoredFile) => boolean): StoredFile | undefined {
    const [newest] = this.#files
      .filter((file) => file.gun === gun && file.role === role && wanted(file))
      .sort((a, b) => b.version - a.version);
    if (!newest) return undefined;
    const { version, sha256, bytes, storedAt } = newest;
    return { role, version, sha256, bytes, storedAt };
  }

  #change(
    gun: Gun,
    createdAt: Date,
    version: number,
    sha256: string | undefined,
    category: Change['category'],
  ): void {
    this.#changes.push({ id: this.#changes.length + 1, createdAt, gun, version, sha256, category });
  }
}
