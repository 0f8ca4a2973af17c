import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { SealedRoleKeys } from '../../src/adapters/keys/index.ts';
import { isStoreError, Secret } from '../../src/base/index.ts';
import { TrustServer } from '../../src/trust/index.ts';
import {
  type DelegationName,
  type Gun,
  parseDelegationName,
  parseGun,
  type RoleName,
  type Targets,
  type TargetsRole,
  withDelegation,
  withTarget,
} from '../../src/tuf/index.ts';
import { MemoryMetadataStore } from './memory-metadata-store.ts';
import { MemoryPrivateKeyStore } from './memory-private-key-store.ts';
import { newSigner, partsOf, SimulatedPublisher } from './simulated-publisher.ts';

/** When everything in the tests of the trust server happens. */
export const now = new Date('2026-11-20T12:00:00.12Z');
export const gun: Gun = parseGun('localhost:5443/acme/app');
export const kate: DelegationName = parseDelegationName('targets/kate');
export const sub: DelegationName = parseDelegationName('targets/kate/sub');

/** A trust server in memory with nothing in it. */
export function emptyServer() {
  const store = new MemoryMetadataStore();
  const keys = new SealedRoleKeys(new MemoryPrivateKeyStore(), new Secret(randomBytes(32)));
  return { store, keys, server: new TrustServer(store, keys) };
}

/**
 * A trust server with one repository: root 1, targets 2, `targets/kate` 1 and `targets/kate/sub` 1,
 * snapshot 2 and timestamp 2.
 */
export async function serverWithRepository(who: { holdsSnapshot?: boolean } = {}) {
  const world = emptyServer();
  const publisher = new SimulatedPublisher(world.server, gun, now, who);
  await world.server.accept(gun, partsOf(await publisher.initialise(now)), now);
  const [kateSigner, subSigner] = [newSigner(), newSigner()];
  publisher.signers.set(kate, [kateSigner]).set(sub, [subSigner]);
  const update = await publisher.update(
    {
      targets: edits([
        ['targets', (targets) => withDelegation(targets, { name: kate, keys: [kateSigner.key] })],
        [kate, (targets) => withDelegation(targets, { name: sub, keys: [subSigner.key] })],
        [sub, (targets) => targets],
      ]),
    },
    now,
  );
  await world.server.accept(gun, partsOf(update), now);
  return { ...world, publisher };
}

/** Edits of several roles, in this order. */
export function edits(
  list: readonly (readonly [TargetsRole, (targets: Targets) => Targets])[],
): Map<TargetsRole, (targets: Targets) => Targets> {
  return new Map(list);
}

/** An edit that binds a tag to some digest. */
export function tag(name: string): (targets: Targets) => Targets {
  const hashes = new Map([['sha256', new Uint8Array(32).fill(7)]]);
  return (targets) => withTarget(targets, name, { sizeBytes: 528, hashes });
}

/** For assert.rejects: an update is refused with this code because of this role. */
export function refusal(code: string, refused: RoleName): (error: unknown) => true {
  return (error) => {
    assert.ok(isStoreError(error), String(error));
    assert.deepEqual([error.code, error.detail.refused], [code, refused], error.message);
    return true;
  };
}
