import { createHash, generateKeyPairSync } from 'node:crypto';
import { makeRootCertificate } from '../../src/adapters/certificates/index.ts';
import { utf8 } from '../../src/base/index.ts';
import {
  barePublicKey,
  type Gun,
  localSigner,
  type MetadataFile,
  type MetadataSource,
  newRepository,
  newTargets,
  nextSnapshot,
  nextTimestamp,
  nextVersion,
  publicKey,
  type RoleName,
  type Root,
  type Signed,
  type Signer,
  type Snapshot,
  signFile,
  type Targets,
  type TargetsRole,
  type Timestamp,
} from '../../src/tuf/index.ts';

/** Gives other bytes for a file that was just signed; everything above it is made to fit them. */
export type Tamper = (file: MetadataFile) => Uint8Array | Promise<Uint8Array>;

/**
 * A repository in memory, edited as objects and signed when it is published. It holds every key, so
 * a test can be the publisher, the server, or whoever has stolen one of their keys.
 */
export class SimulatedRepository {
  readonly gun: Gun;
  root: Root;
  readonly targets = new Map<TargetsRole, Targets>();
  snapshot: Snapshot | undefined;
  timestamp: Timestamp | undefined;
  /** Who signs a role when it is published next. */
  readonly signers = new Map<RoleName, readonly Signer[]>();
  /** What is served: `root`, `2.root`, `timestamp`, and `<role>.<sha256>`. A test may change it. */
  readonly served = new Map<string, Uint8Array>();
  /** What was asked for, in order, without hashes. */
  readonly asked: string[] = [];

  constructor(gun: Gun, now: Date) {
    this.gun = gun;
    const signers = {
      root: makeRootSigner(gun, now),
      targets: makeSigner(),
      snapshot: makeSigner(),
      timestamp: makeSigner(),
    };
    for (const [role, signer] of Object.entries(signers))
      this.signers.set(role as 'root', [signer]);
    const made = newRepository({
      ...{ gun, now, rootKey: signers.root.key, targetsKey: signers.targets.key },
      ...{ snapshotKey: signers.snapshot.key, timestampKey: signers.timestamp.key },
    });
    this.root = made.root;
    this.targets.set('targets', made.targets);
  }

  /** Edits a targets role and raises its version; makes it when it is new. */
  edit(role: TargetsRole, now: Date, change: (targets: Targets) => Targets = (same) => same): void {
    const old = this.targets.get(role);
    this.targets.set(role, change(old ? nextVersion(old, now) : newTargets(now)));
  }

  /** Signs these roles as they stand, then snapshot and timestamp one version higher. */
  async publish(
    roles: readonly ('root' | TargetsRole)[],
    now: Date,
    tampers: ReadonlyMap<RoleName, Tamper> = new Map(),
  ): Promise<void> {
    const changed: MetadataFile[] = [];
    for (const role of roles) {
      const content = role === 'root' ? this.root : this.targets.get(role);
      changed.push(await this.#sign(role, content, tampers.get(role)));
    }
    this.snapshot = nextSnapshot(this.snapshot, changed, now);
    const snapshot = await this.#sign('snapshot', this.snapshot, tampers.get('snapshot'));
    this.timestamp = nextTimestamp(this.timestamp, snapshot as MetadataFile<Snapshot>, now);
    await this.#sign('timestamp', this.timestamp, tampers.get('timestamp'));
  }

  /** Answers from `served`, and writes down what was asked. */
  get source(): MetadataSource {
    const answer = async (asked: string, name = asked) => {
      this.asked.push(asked);
      return this.served.get(name);
    };
    return {
      root: (version) => answer(version === undefined ? 'root' : `${version}.root`),
      timestamp: () => answer('timestamp'),
      byHash: (role, sha256) => answer(role, `${role}.${sha256}`),
    };
  }

  async #sign(role: RoleName, signed: Signed | undefined, tamper?: Tamper): Promise<MetadataFile> {
    const signers = this.signers.get(role);
    if (!signed || !signers) throw new TypeError(`there is no ${role} to sign, or nobody who does`);
    const made: MetadataFile = await signFile(role, signed as never, signers);
    const bytes = tamper ? await tamper(made) : made.bytes;
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    this.served.set(`${role}.${sha256}`, bytes);
    if (role === 'root') this.served.set(`${made.version}.root`, bytes);
    if (role === 'root' || role === 'timestamp') this.served.set(role, bytes);
    return { ...made, bytes, sha256, sizeBytes: bytes.length };
  }
}

/** Somebody with a new ECDSA key. */
export function makeSigner(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return localSigner(barePublicKey(publicKey), privateKey);
}

/**
 * Somebody with a new ECDSA root key.
 * @param name  common name of its certificate, as a rule the GUN
 */
export function makeRootSigner(name: string, now: Date): Signer {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = makeRootCertificate({ privateKey, gun: name, now });
  return localSigner(publicKey('ecdsa-x509', utf8(pem)), privateKey);
}
