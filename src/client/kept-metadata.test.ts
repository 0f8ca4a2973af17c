import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryMetadataCache } from '../../test/support/memory-metadata-cache.ts';
import { makeSigner, SimulatedRepository } from '../../test/support/simulated-repository.ts';
import { digestOfHash, utf8 } from '../base/index.ts';
import { parseGun, releasesRole, withSigner, withTarget } from '../tuf/index.ts';
import { digestKept, openTrust } from './index.ts';

const gun = parseGun('localhost:5443/acme/app');
const now = new Date('2026-11-21T00:00:00Z');
const hashOf = (byte: number) => new Uint8Array(32).fill(byte);
const signedFor = (byte: number) => ({ sizeBytes: 1, hashes: new Map([['sha256', hashOf(byte)]]) });
const digest = (byte: number) => digestOfHash(hashOf(byte));

test('what a tag was signed for is told by the releases, else by the targets', async () => {
  const repository = new SimulatedRepository(gun, now);
  const jeff = makeSigner();
  repository.edit('targets', now, (own) => {
    const two = withTarget(withTarget(own, 'both', signedFor(1)), 'old', signedFor(2));
    return withSigner(two, 'jeff', [jeff.key]);
  });
  repository.signers.set(releasesRole, [jeff]);
  repository.edit(releasesRole, now, (own) => withTarget(own, 'both', signedFor(3)));
  await repository.publish(['root', 'targets', releasesRole], now);
  const kept = await keptOf(repository);
  assert.equal(digestKept(kept, 'both'), digest(3));
  assert.equal(digestKept(kept, 'old'), digest(2));
  assert.equal(digestKept(kept, 'none'), undefined);
  assert.equal(digestKept(new Map(), 'both'), undefined);
});

test('what is no sha256, or too much for a glance, tells nothing; what is damaged is told', async () => {
  const repository = new SimulatedRepository(gun, now);
  const sha512 = { sizeBytes: 1, hashes: new Map([['sha512', new Uint8Array(64)]]) };
  repository.edit('targets', now, (own) => withTarget(own, 'v1', sha512));
  await repository.publish(['root', 'targets'], now);
  assert.equal(digestKept(await keptOf(repository), 'v1'), undefined);
  const names = Array.from({ length: 1000 }, (_, i) => `v${i}`);
  repository.edit('targets', now, (own) =>
    names.reduce((targets, name) => withTarget(targets, name, signedFor(1)), own),
  );
  await repository.publish(['targets'], now);
  assert.equal(digestKept(await keptOf(repository), 'v1'), undefined);
  const damaged = new Map([['targets', utf8('{')]] as const);
  assert.throws(() => digestKept(damaged, 'v1'), { code: 'TUF_MALFORMED' });
});

/** What a client keeps that has verified it. */
async function keptOf({ source }: SimulatedRepository) {
  const cache = new MemoryMetadataCache();
  await openTrust({ gun, source, cache, now });
  return await cache.load();
}
