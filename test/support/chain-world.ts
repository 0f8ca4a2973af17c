import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { SealedRoleKeys } from '../../src/adapters/keys/index.ts';
import { SqlAdmissions } from '../../src/adapters/sql/chain/admission-store.ts';
import { SqlCandidates } from '../../src/adapters/sql/chain/candidate-store.ts';
import { type Database, openDatabase } from '../../src/adapters/sql/database.ts';
import { SqlRegistryIndex } from '../../src/adapters/sql/registry/registry-index.ts';
import { SqlMetadataStore } from '../../src/adapters/sql/trust/metadata-store.ts';
import {
  type Digest,
  digestOf,
  fromHex,
  hexOf,
  type Random,
  Secret,
  utf8,
} from '../../src/base/index.ts';
import {
  Bell,
  CandidateDesk,
  type CandidateFilter,
  type CandidateSummary,
  type ChainEvent,
  ChainWorker,
  type IsImmutable,
  type Review,
  type ReviewImage,
  type ReviewRequest,
  type StoreKeys,
  type WorkerOptions,
} from '../../src/chain/index.ts';
import { mediaTypes, parseRepositoryName, parseTag } from '../../src/oci/index.ts';
import { pushManifest } from '../../src/registry/index.ts';
import { TrustServer } from '../../src/trust/index.ts';
import {
  type Gun,
  type MetadataFile,
  parseGun,
  parseMetadata,
  type RoleName,
  releasesRole,
  signFile,
  type Targets,
  type TargetsRole,
  withSigner,
  withTarget,
} from '../../src/tuf/index.ts';
import { MemoryBlobs } from './memory-blobs.ts';
import { MemoryPrivateKeyStore } from './memory-private-key-store.ts';
import { newSigner, partsOf, rootSigner, SimulatedPublisher } from './simulated-publisher.ts';

export const origins = ['localhost:5443', '127.0.0.1:5443'] as const;
export const storeName = 'assay';

/** An image as it was pushed. */
export interface Pushed {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly config: Digest;
  readonly layers: readonly Digest[];
}

/**
 * A whole store in memory: database, trust server, registry and chain as the product has them, and
 * producers who sign as docker does. Only the keys' holder, the review and the clock are simulated.
 */
export class ChainWorld implements AsyncDisposable {
  readonly db: Database;
  readonly blobs = new MemoryBlobs();
  readonly metadata: SqlMetadataStore;
  readonly trust: TrustServer;
  readonly registry: SqlRegistryIndex;
  readonly candidates: SqlCandidates;
  readonly admissions: SqlAdmissions;
  readonly events: ChainEvent[] = [];
  readonly moved = new Bell();
  random: Random = (size) => randomBytes(size);
  readonly desk: CandidateDesk;
  now = new Date('2026-11-20T12:00:00Z');
  /** What the review says of every image. */
  review: Review = nothingFound;
  /** Which tags lead to one image for ever. */
  isImmutable: IsImmutable = () => false;
  /** Done within each review, before it says anything. */
  onReview: ((request: ReviewRequest, signal?: AbortSignal) => Promise<void>) | undefined;
  readonly keys: { -readonly [K in keyof StoreKeys]: StoreKeys[K] } = new MemoryStoreKeys();
  #pushes = 0;
  readonly #publishers = new Map<string, SimulatedPublisher>();

  private constructor(db: Database) {
    this.db = db;
    this.metadata = new SqlMetadataStore(db);
    const kek = new Secret<Uint8Array>(randomBytes(32));
    this.trust = new TrustServer(
      this.metadata,
      new SealedRoleKeys(new MemoryPrivateKeyStore(), kek),
    );
    this.registry = new SqlRegistryIndex(db);
    this.candidates = new SqlCandidates(db);
    this.admissions = new SqlAdmissions(db);
    this.desk = this.deskOn(db);
  }

  static async open(path = ':memory:'): Promise<ChainWorld> {
    return new ChainWorld(await openDatabase(path));
  }

  /** @param db  of another connection, or one that fails */
  deskOn(db: Database): CandidateDesk {
    const ports = {
      candidates: new SqlCandidates(db),
      admissions: new SqlAdmissions(db),
      trust: new SqlMetadataStore(db),
      office: this.trust,
      keys: this.keys,
      notify: () => {},
    };
    return new CandidateDesk(ports, { origins, storeName }, this.moved);
  }

  /** @param options  the database of another connection, or one that fails */
  worker({ hold, ...options }: Partial<WorkerOptions> = {}, db: Database = this.db): ChainWorker {
    const review: ReviewImage = async (request, _now, signal) => {
      await this.onReview?.(request, signal);
      return this.review;
    };
    const ports = {
      candidates: new SqlCandidates(db),
      admissions: new SqlAdmissions(db),
      trust: new SqlMetadataStore(db),
      office: this.trust,
      keys: this.keys,
      images: new SqlRegistryIndex(db),
      meter: this.blobs,
      review,
      isImmutable: this.isImmutable,
      clock: () => this.now,
      random: (size: number) => this.random(size),
      report: (event: ChainEvent) => this.events.push(event),
    };
    return new ChainWorker(ports, { origins, storeName, hold, ...options }, this.moved);
  }

  /** Lets the chain do all it can, as if no time passed but what a retry needs. */
  async settle(options: Partial<WorkerOptions> = {}): Promise<void> {
    await this.worker(options).drain();
  }

  later(ms: number): void {
    this.now = new Date(this.now.getTime() + ms);
  }

  /** Pushes an image for one platform, or an index of several. No two are the same. */
  async push(repository: string, tag: string, { platforms = 1 } = {}): Promise<Pushed> {
    const images: Pushed[] = [];
    for (let i = 0; i < platforms; i++) {
      images.push(await this.#pushImage(repository, platforms === 1 ? tag : `${tag}-${i}`, tag));
    }
    const [first] = images as [Pushed];
    if (platforms === 1) return first;
    const manifests = images.map(({ digest, sizeBytes }, i) => ({
      mediaType: mediaTypes.ociManifest,
      digest,
      size: sizeBytes,
      platform: { os: 'linux', architecture: `cpu${i}` },
    }));
    const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
    return { ...first, ...(await this.#pushManifest(repository, tag, index)) };
  }

  async #pushImage(repository: string, tag: string, salt: string): Promise<Pushed> {
    const config = await this.#pushBlob(repository, utf8(`{"config":"${tag} ${salt}"}`));
    const layers = [
      await this.#pushBlob(repository, utf8('a layer that all images share')),
      await this.#pushBlob(repository, utf8(`push ${++this.#pushes} of this store`)),
    ];
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, ...config },
      layers: layers.map((layer) => ({ mediaType: mediaTypes.ociLayerGzip, ...layer })),
    };
    return {
      ...(await this.#pushManifest(repository, tag, manifest)),
      config: config.digest,
      layers: layers.map(({ digest }) => digest),
    };
  }

  async #pushBlob(repository: string, bytes: Uint8Array) {
    const digest = this.blobs.put(bytes);
    const name = parseRepositoryName(repository);
    await this.registry.linkBlob(name, digest, bytes.length, this.now);
    return { digest, size: bytes.length };
  }

  /** What no registry would take: it is simply there. */
  async plant(repository: string, tag: string, manifest: object | string) {
    const bytes = utf8(typeof manifest === 'string' ? manifest : JSON.stringify(manifest));
    const digest = digestOf(bytes);
    const { mediaType = mediaTypes.ociManifest } = Object(manifest) as { mediaType?: string };
    await this.db
      .insertInto('manifests')
      .values({ digest, bytes })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const pushed = { media_type: mediaType, size_bytes: bytes.length, pushed_at: 0 };
    await this.db
      .insertInto('repository_manifests')
      .values({ repository, digest, subject: null, artifact_type: null, ...pushed })
      .execute();
    await this.db
      .insertInto('tags')
      .values({ repository, tag, digest, updated_at: this.now.getTime() })
      .execute();
    return { digest, sizeBytes: bytes.length };
  }

  async #pushManifest(repository: string, tag: string, manifest: object) {
    const bytes = utf8(JSON.stringify(manifest));
    const push = { repository: parseRepositoryName(repository), bytes, mediaType: undefined };
    await pushManifest(this.registry, { ...push, reference: parseTag(tag) }, this.now);
    return { digest: digestOf(bytes), sizeBytes: bytes.length };
  }

  /** The producer of a GUN, with a root key of their own. */
  publisher(gun: string): SimulatedPublisher {
    const known = this.#publishers.get(gun);
    const publisher = known ?? new SimulatedPublisher(this.trust, parseGun(gun), this.now);
    this.#publishers.set(gun, publisher);
    return publisher;
  }

  /** From now on this one signs for its GUN. */
  become(publisher: SimulatedPublisher): void {
    this.#publishers.set(publisher.gun, publisher);
  }

  /** Signs a tag as docker does: in `targets`, or as a released signer. */
  async sign(
    repository: string,
    tag: string,
    image: Pick<Pushed, 'digest' | 'sizeBytes'>,
    { origin = origins[0] as string, role = 'targets' as TargetsRole } = {},
  ): Promise<Gun> {
    const publisher = this.publisher(`${origin}/${repository}`);
    const { gun } = publisher;
    if (!(await this.metadata.current(gun, 'root'))) {
      await this.accept(gun, partsOf(await publisher.initialise(this.now)));
    }
    const hashes = new Map([['sha256', fromHex(hexOf(image.digest)) as Uint8Array]]);
    const meta = { sizeBytes: image.sizeBytes, hashes };
    if (role !== 'targets' && !publisher.signers.has(role)) await this.addSigner(publisher);
    const edits = new Map([[role, (targets) => withTarget(targets, tag, meta)]]) satisfies Map<
      TargetsRole,
      (targets: Parameters<typeof withTarget>[0]) => Parameters<typeof withTarget>[0]
    >;
    await this.accept(gun, partsOf(await publisher.update({ targets: edits }, this.now)));
    return gun;
  }

  /** `docker trust signer add`. */
  async addSigner(publisher: SimulatedPublisher): Promise<void> {
    const signer = newSigner();
    publisher.signers.set(releasesRole, [signer]);
    const edits = new Map([
      [
        'targets' as const,
        (targets: Parameters<typeof withSigner>[0]) => withSigner(targets, 'paula', [signer.key]),
      ],
    ]);
    await this.accept(publisher.gun, partsOf(await publisher.update({ targets: edits }, this.now)));
  }

  /** What a thief of the database can do: a delegation with a target more, signed by their own key. */
  async stealDelegation(gun: Gun, role: TargetsRole): Promise<void> {
    const stored = await this.metadata.current(gun, role);
    if (!stored) throw new TypeError(`there is no ${role}`);
    const { signed } = parseMetadata(role, stored.bytes) as MetadataFile<Targets>;
    const hashes = new Map([['sha256', new Uint8Array(32)]]);
    const rogue = withTarget(signed, 'rogue', { sizeBytes: 1, hashes });
    const { bytes, sha256 } = await signFile(role, rogue, [newSigner()]);
    await sql`update tuf_files set bytes = ${bytes}, sha256 = ${sha256}
      where gun = ${gun} and role = ${role}`.execute(this.db);
  }

  /** The store's keys that lie elsewhere now. */
  loseKeys(...roles: readonly ('root' | 'targets')[]): void {
    for (const role of roles) {
      this.keys[role] = async () => {
        throw new Error(`the ${role} key is not here`);
      };
    }
  }

  /** Pushes and signs. */
  async submit(repository: string, tag: string, options: { platforms?: number } = {}) {
    const image = await this.push(repository, tag, options);
    const gun = await this.sign(repository, tag, image);
    return { ...image, gun };
  }

  async only(filter: CandidateFilter = {}): Promise<CandidateSummary> {
    const found = await this.candidates.list(filter);
    const [first, ...others] = found;
    if (!first || others.length > 0) throw new Error(`there are ${found.length} candidates`);
    return first;
  }

  /** Uploads to the trust server. */
  async accept(gun: Gun, parts: ReadonlyMap<RoleName, Uint8Array>): Promise<void> {
    await this.trust.accept(gun, parts, this.now);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.db.destroy();
  }
}

export const nothingFound: Review = {
  findings: [],
  approval: 'automatic',
  policyDigest: digestOf(utf8('the policy')),
  report: { packages: 0 },
};

/** Keys of the store that live as long as the test. */
class MemoryStoreKeys implements StoreKeys {
  readonly #delegation = newSigner();
  readonly #made = new Map<string, ReturnType<typeof newSigner>>();

  async root(gun: Gun) {
    return this.#once(`root ${gun}`, () => rootSigner(gun, new Date('2026-11-20T00:00:00Z')));
  }

  async targets(gun: Gun) {
    return this.#once(`targets ${gun}`, newSigner);
  }

  async delegation() {
    return this.#delegation;
  }

  #once(name: string, make: () => ReturnType<typeof newSigner>) {
    const signer = this.#made.get(name) ?? make();
    this.#made.set(name, signer);
    return signer;
  }
}
