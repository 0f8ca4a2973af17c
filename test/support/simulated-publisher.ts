import { generateKeyPairSync } from 'node:crypto';
import { makeRootCertificate } from '../../src/adapters/certificates/index.ts';
import { utf8 } from '../../src/base/index.ts';
import type { TrustServer } from '../../src/trust/index.ts';
import {
  barePublicKey,
  type Gun,
  localSigner,
  type MetadataFile,
  newRepository,
  newTargets,
  nextSnapshot,
  nextVersion,
  parseMetadata,
  publicKey,
  type RoleName,
  type Root,
  type SignedOf,
  type Signer,
  type Snapshot,
  signFile,
  type Targets,
  type TargetsRole,
} from '../../src/tuf/index.ts';

/** What an update does to the content of a role; the version is raised afterwards. */
export interface Edits {
  readonly root?: (root: Root) => Root;
  readonly targets?: ReadonlyMap<TargetsRole, (targets: Targets) => Targets>;
}

/** What a publisher asks of a trust server, in this process or over the network. */
export type PublishedTo = Pick<TrustServer, 'publicKey' | 'current'>;

/**
 * A publisher with keys, who signs updates for a trust server as docker and notary do: on top of
 * what is published. It sends nothing: the test does, as it is or after it was spoilt.
 */
export class SimulatedPublisher {
  readonly gun: Gun;
  readonly server: PublishedTo;
  /** Who signs a role. Without `snapshot` the server makes it. A test may change it. */
  readonly signers = new Map<RoleName, readonly Signer[]>();

  constructor(server: PublishedTo, gun: Gun, now: Date, who: { holdsSnapshot?: boolean } = {}) {
    this.server = server;
    this.gun = gun;
    this.signers.set('root', [rootSigner(gun, now)]);
    this.signers.set('targets', [newSigner()]);
    if (who.holdsSnapshot) this.signers.set('snapshot', [newSigner()]);
  }

  /** The first update of the repository: root and targets, and the snapshot of a publisher who holds it. */
  async initialise(now: Date): Promise<Map<RoleName, MetadataFile>> {
    const { root, targets } = newRepository({
      gun: this.gun,
      rootKey: this.#key('root'),
      targetsKey: this.#key('targets'),
      snapshotKey: this.signers.has('snapshot')
        ? this.#key('snapshot')
        : await this.server.publicKey(this.gun, 'snapshot', now),
      timestampKey: await this.server.publicKey(this.gun, 'timestamp', now),
      now,
    });
    return this.#withSnapshot(
      [await this.sign('root', root), await this.sign('targets', targets)],
      now,
    );
  }

  /** The next update: the roles that are edited, one version higher. */
  async update(edits: Edits, now: Date): Promise<Map<RoleName, MetadataFile>> {
    const files: MetadataFile[] = [];
    if (edits.root) {
      const root = await this.published('root', now);
      if (!root) throw new TypeError('there is no root to edit');
      files.push(await this.sign('root', nextVersion(edits.root(root.signed), now)));
    }
    for (const [role, edit] of edits.targets ?? []) {
      const old = (await this.published(role, now)) as MetadataFile<Targets> | undefined;
      const targets = old ? nextVersion(edit(old.signed), now) : edit(newTargets(now));
      files.push(await this.sign(role, targets));
    }
    return this.#withSnapshot(files, now);
  }

  /** Signs a content as it is, with the keys of the role. */
  async sign<R extends RoleName>(role: R, signed: SignedOf<R>): Promise<MetadataFile> {
    return signFile(role, signed, this.signers.get(role) ?? []);
  }

  async published<R extends RoleName>(role: R, now: Date) {
    const file = await this.server.current(this.gun, role, now);
    return file && parseMetadata(role, file.bytes);
  }

  async #withSnapshot(files: readonly MetadataFile[], now: Date) {
    const parts = new Map(files.map((file) => [file.role, file]));
    if (!this.signers.has('snapshot')) return parts;
    const old = await this.published('snapshot', now);
    const snapshot: Snapshot = nextSnapshot(old?.signed, files, now);
    return parts.set('snapshot', await this.sign('snapshot', snapshot));
  }

  #key(role: RoleName) {
    const [signer] = this.signers.get(role) ?? [];
    if (!signer) throw new TypeError(`this publisher has no key for ${role}`);
    return signer.key;
  }
}

/** The files of an update as they are uploaded. */
export function partsOf(files: ReadonlyMap<RoleName, MetadataFile>): Map<RoleName, Uint8Array> {
  return new Map([...files].map(([role, file]) => [role, file.bytes]));
}

/** A new ECDSA key. */
export function newSigner(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return localSigner(barePublicKey(publicKey), privateKey);
}

/** A new root key in a certificate that is made out to the GUN. */
export function rootSigner(gun: string, now: Date): Signer {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = makeRootCertificate({ privateKey, gun, now });
  return localSigner(publicKey('ecdsa-x509', utf8(certificate)), privateKey);
}
