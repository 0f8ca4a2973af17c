import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryMetadataCache } from '../../../test/support/memory-metadata-cache.ts';
import { makeRootSigner, SimulatedRepository } from '../../../test/support/simulated-repository.ts';
import { remoteError } from '../../adapters/remotes/index.ts';
import { digestOf, sha256Of, utf8 } from '../../base/index.ts';
import {
  type MetadataSource,
  nextVersion,
  parseGun,
  withoutTarget,
  withRoleKeys,
  withTarget,
} from '../../tuf/index.ts';
import { UpstreamTrust } from './upstream-trust.ts';

const gun = parseGun('upstream.example/acme/app');
const begin = new Date('2026-11-21T12:00:00Z');
const minute = 60_000;
const day = 86_400_000;
const image = digestOf(utf8('image'));

/** An upstream's trust server in memory with `v1` signed, and a mirror that pins its root. */
async function world({ signer = 'any' } = {}) {
  const repository = new SimulatedRepository(gun, begin);
  let now = begin;
  let failure: Error | undefined;
  const failed: string[] = [];
  const told: string[] = [];
  const cache = new MemoryMetadataCache();
  const [rootSigner] = repository.signers.get('root') ?? [];
  let rootKeyId = rootSigner?.key.id ?? assert.fail();
  const source = (): MetadataSource => {
    if (!failure) return repository.source;
    const refuse = async () => {
      failed.push('asked');
      throw failure;
    };
    return { root: refuse, timestamp: refuse, byHash: refuse };
  };
  const open = () =>
    new UpstreamTrust({
      ...{ host: 'upstream.example', signer, refreshMs: minute, clock: () => now },
      pin: { rootKeyIds: [rootKeyId] },
      sourceOf: (asked) => {
        assert.equal(asked, gun);
        return source();
      },
      openCache: () => cache,
      told: (_gun, what) => void told.push(what),
    });
  let trust = open();
  const publish = async (edit: Parameters<SimulatedRepository['edit']>[2]) => {
    repository.edit('targets', now, edit);
    await repository.publish(['root', 'targets'], now);
  };
  const target = { sizeBytes: 5, hashes: new Map([['sha256', sha256Of(image)]]) };
  const sign = (tag: string) => publish((targets) => withTarget(targets, tag, target));
  await sign('v1');
  return {
    ...{ repository, told, sign },
    revoke: (tag: string) => publish((targets) => withoutTarget(targets, tag)),
    /** Tags that count after some time, or why it cannot be known. */
    async tags(afterMs = 0): Promise<unknown> {
      now = new Date(now.getTime() + afterMs);
      return await trust.signedTags('acme/app').then(
        (signed) => [...signed.keys()],
        (error) => error.code,
      );
    },
    /** How often it failed. */
    failed,
    failWith: (error: Error | undefined) => {
      failure = error;
    },
    leave: () => {
      failure = remoteError('REMOTE_UNREACHABLE', {
        ...{ origin: 'upstream.example', reason: 'ECONNREFUSED' },
      });
    },
    restart: () => {
      trust = open();
    },
    pinAnother: () => {
      rootKeyId = makeRootSigner(gun, now).key.id;
      trust = open();
    },
  };
}

test('tags count as they are signed, by the server as it was a minute ago at most', async () => {
  const { tags, sign, revoke, repository } = await world();
  assert.deepEqual(await tags(), ['v1']);
  await sign('v2');
  repository.asked.length = 0;
  assert.deepEqual(await tags(minute - 1), ['v1']);
  assert.deepEqual(repository.asked, []);
  assert.deepEqual(await tags(1), ['v1', 'v2']);
  await revoke('v1');
  assert.deepEqual(await tags(minute), ['v2']);
});

test('many who ask at once make it ask once', async () => {
  const { tags, repository } = await world();
  repository.asked.length = 0;
  await Promise.all([tags(), tags(), tags()]);
  assert.equal(repository.asked.filter((file) => file === 'timestamp').length, 1);
});

test('while the server is away, what was verified counts until it expires, over restarts too', async () => {
  const { tags, leave, restart, told } = await world();
  assert.deepEqual(await tags(), ['v1']);
  leave();
  assert.deepEqual(await tags(day), ['v1']);
  restart();
  assert.deepEqual(await tags(12 * day), ['v1']);
  assert.deepEqual(told, ['kept', 'kept']);
  // The timestamp was good for 14 days.
  assert.equal(await tags(day + 1), 'REMOTE_UNREACHABLE');
});

test('a server that wants to be let alone is asked for nothing in that time, and what was verified counts', async () => {
  const { tags, failWith, failed, restart } = await world();
  assert.deepEqual(await tags(), ['v1']);
  failWith(remoteError('REMOTE_STATUS', { status: 429, retryAfterSeconds: 300 }));
  for (let round = 0; round < 5; round++) assert.deepEqual(await tags(minute), ['v1']);
  assert.equal(failed.length, 1);
  failWith(undefined);
  assert.deepEqual(await tags(minute), ['v1']);
  restart();
  failWith(remoteError('REMOTE_STATUS', { status: 429, retryAfterSeconds: 10 ** 9 }));
  for (let round = 0; round < 4; round++) assert.deepEqual(await tags(5 * minute), ['v1']);
  assert.equal(failed.length, 3, 'asked again after a quarter of an hour, whatever it says');
});

test('what expires does so at its moment, not when the server is asked next', async () => {
  const { tags } = await world();
  assert.deepEqual(await tags(14 * day - 1_500), ['v1']);
  assert.deepEqual(await tags(2_000), []);
});

test('a server that is away before anything was verified is an error, not an empty list', async () => {
  const { tags, leave } = await world();
  leave();
  assert.equal(await tags(), 'REMOTE_UNREACHABLE');
});

test('nothing older is believed than was verified before, over restarts too', async () => {
  const { tags, sign, restart, repository } = await world();
  const old = new Map(repository.served);
  await sign('v2');
  assert.deepEqual(await tags(), ['v1', 'v2']);
  restart();
  for (const [name, bytes] of old) repository.served.set(name, bytes);
  assert.deepEqual(await tags(minute), []);
});

test('a root that the pinned key did not sign vouches for nothing, be it seen first', async () => {
  const { tags, pinAnother, told } = await world();
  pinAnother();
  assert.deepEqual(await tags(), []);
  assert.deepEqual(told, ['refused']);
});

test('a rotated root is followed from the pinned one', async () => {
  const { tags, repository, sign } = await world();
  assert.deepEqual(await tags(), ['v1']);
  const [old] = repository.signers.get('root') ?? [];
  const next = makeRootSigner(gun, begin);
  repository.root = nextVersion(withRoleKeys(repository.root, 'root', [next.key]), begin);
  repository.signers.set('root', [next, old ?? assert.fail()]);
  await sign('v2');
  assert.deepEqual(await tags(minute), ['v1', 'v2']);
});

test('a tag that another than the required signer signed does not count', async () => {
  const { tags } = await world({ signer: 'releases' });
  assert.deepEqual(await tags(), []);
});

test('a repository that nobody signed has no tags', async () => {
  const { tags, repository, told } = await world();
  repository.served.clear();
  assert.deepEqual(await tags(), []);
  assert.deepEqual(told, []);
});
