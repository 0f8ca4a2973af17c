import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HeldKey, MemoryKeys } from '../../test/support/memory-keys.ts';
import { MemoryMetadataCache } from '../../test/support/memory-metadata-cache.ts';
import { MemoryTrust } from '../../test/support/memory-trust.ts';
import { makeSigner } from '../../test/support/simulated-repository.ts';
import { digestOf, utf8 } from '../base/index.ts';
import {
  findTarget,
  type Gun,
  type KeyId,
  newRepository,
  parseGun,
  rolesVouchingFor,
  signFile,
  type TargetsRole,
} from '../tuf/index.ts';
import {
  type KeyStore,
  openTrust,
  type PublishOutcome,
  publish,
  type TrustChange,
  type TrustRemote,
} from './index.ts';

const gun = parseGun('localhost:5443/acme/app');
const now = new Date('2026-11-21T00:00:00Z');

test('a new repository gets a root, targets, and the server signs the rest', async () => {
  const server = new MemoryTrust(() => now);
  const paula = new Desk(server);
  const { initialised, signed, trust } = await paula.publish([add('v1')]);
  assert.deepEqual([initialised, signed], [true, ['targets']]);
  assert.equal(trust.basis, 'first-seen');
  assert.equal(findTarget(trust.set, 'v1').role, 'targets');
  assert.deepEqual((await paula.keys.keys()).map(({ role }) => role).sort(), ['root', 'targets']);
});

test('what else was signed of an image stays when it is signed again', async () => {
  const paula = new Desk(new MemoryTrust(() => now));
  const former = { hashes: new Map([['sha512', new Uint8Array(64)]]), custom: { by: 'notary' } };
  const { trust } = await paula.publish([{ ...add('v1'), former } as TrustChange]);
  const { hashes, custom } = findTarget(trust.set, 'v1');
  assert.deepEqual([...hashes.keys()].sort(), ['sha256', 'sha512']);
  assert.deepEqual(custom, { by: 'notary' });
});

/** What is kept of a repository that the server does not know -> how it is published. */
const begun: readonly [kept: string, roles: readonly ('root' | 'timestamp')[], outcome: string][] =
  [
    ['a root that nobody published', ['root'], 'as it was begun'],
    ['a timestamp, so it was published once', ['root', 'timestamp'], 'TUF_UNAVAILABLE'],
  ];

for (const [kept, roles, outcome] of begun) {
  test(`with ${kept}, a repository is published: ${outcome}`, async () => {
    const server = new MemoryTrust(() => now);
    const cache = new MemoryMetadataCache();
    const paula = new Desk(server, { cache });
    const root = await beginWith(paula.keys, server);
    for (const role of roles) cache.files.set(role, role === 'root' ? root : await someTimestamp());
    if (outcome.startsWith('TUF_')) {
      await assert.rejects(paula.publish([add('v1')]), { code: outcome });
      return;
    }
    await assert.rejects(paula.open(), { code: 'CLIENT_NO_TRUST_DATA' });
    const { initialised, trust } = await paula.publish([add('v1')], 'refuse');
    assert.ok(initialised);
    assert.deepEqual(trust.set.root.bytes, root);
    assert.equal(findTarget(trust.set, 'v1').role, 'targets');
  });
}

test('a repository that does not exist is not made by who did not mean to', async () => {
  const paula = new Desk(new MemoryTrust(() => now));
  await assert.rejects(paula.publish([add('v1')], 'refuse'), { code: 'CLIENT_NO_TRUST_DATA' });
  assert.deepEqual(await paula.keys.keys(), []);
});

test('one root key serves all repositories, a targets key one', async () => {
  const server = new MemoryTrust(() => now);
  const paula = new Desk(server);
  await paula.publish([add('v1')]);
  const other = new Desk(server, { gun: parseGun('localhost:5443/acme/other'), keys: paula.keys });
  await other.publish([add('v1')]);
  assert.deepEqual((await paula.keys.keys()).map(({ role }) => role).sort(), [
    'root',
    'targets',
    'targets',
  ]);
});

/*
 * Who holds which key -> where a new tag is signed. The repository delegates to jeff and kate, who
 * may also release, as `docker trust signer add` makes it; paula has root and targets.
 */
const placements: readonly [holds: string[], signedIn: string[] | string][] = [
  [['jeff'], ['targets/jeff', 'targets/releases']],
  [['kate'], ['targets/kate', 'targets/releases']],
  [
    ['jeff', 'kate'],
    ['targets/jeff', 'targets/kate', 'targets/releases'],
  ],
  [['paula'], 'CLIENT_NO_SIGNING_KEY'],
  [
    ['paula', 'jeff'],
    ['targets/jeff', 'targets/releases'],
  ],
  [[], 'CLIENT_NO_SIGNING_KEY'],
];

for (const [holds, signedIn] of placements) {
  test(`with the keys of ${holds.join(' and ') || 'nobody'}, a tag goes to ${signedIn}`, async () => {
    const { server, keysOf } = await delegated();
    const keys = new MemoryKeys(holds.flatMap(keysOf));
    const desk = new Desk(server, { keys });
    if (typeof signedIn === 'string') {
      await assert.rejects(desk.publish([add('v1')]), { code: signedIn });
    } else {
      const { signed, trust } = await desk.publish([add('v1')]);
      assert.deepEqual([...signed].sort(), signedIn);
      assert.deepEqual(rolesVouchingFor(trust.set, findTarget(trust.set, 'v1')).sort(), signedIn);
    }
  });
}

test('a tag is revoked in every role whose key is held, and says so when there is none', async () => {
  const { server, keysOf } = await delegated();
  await new Desk(server, { keys: new MemoryKeys(keysOf('jeff')) }).publish([add('v1'), add('v2')]);
  const kate = new Desk(server, { keys: new MemoryKeys(keysOf('kate')) });
  const { signed, trust } = await kate.publish([remove('v1')]);
  assert.deepEqual(signed, ['targets/releases']);
  assert.throws(() => findTarget(trust.set, 'v1'), { code: 'TUF_TARGET_NOT_RELEASED' });
  await assert.rejects(kate.publish([remove('v1')]), { code: 'CLIENT_TARGET_NOT_YOURS' });
  await assert.rejects(kate.publish([remove('v9')]), { code: 'CLIENT_TARGET_NOT_YOURS' });
});

test('when a signer leaves, who holds another releasing key signs the releases again', async () => {
  const { server, keysOf } = await delegated();
  await new Desk(server, { keys: new MemoryKeys(keysOf('jeff')) }).publish([add('v1')]);
  const paula = new Desk(server, { keys: new MemoryKeys([...keysOf('paula'), ...keysOf('kate')]) });
  const { signed, trust } = await paula.publish([{ kind: 'remove-signer', name: 'jeff' }]);
  assert.deepEqual(signed, ['targets', 'targets/releases']);
  assert.equal(findTarget(trust.set, 'v1').role, 'targets/releases');
});

test('without one, what only the former signer released is refused, and stays out', async () => {
  const { server, keysOf } = await delegated();
  const jeff = new Desk(server, { keys: new MemoryKeys(keysOf('jeff')) });
  const kate = new Desk(server, { keys: new MemoryKeys(keysOf('kate')) });
  await kate.publish([add('of kate')]);
  await jeff.publish([add('of jeff')]);
  const paula = new Desk(server, { keys: new MemoryKeys(keysOf('paula')) });
  const left = await paula.publish([{ kind: 'remove-signer', name: 'jeff' }]);
  for (const name of ['of kate', 'of jeff']) {
    assert.throws(() => findTarget(left.trust.set, name), { code: 'TUF_BELOW_THRESHOLD' });
  }
  const { trust } = await kate.publish([add('new')]);
  assert.equal(findTarget(trust.set, 'new').role, 'targets/releases');
  assert.equal(findTarget(trust.set, 'of kate').role, 'targets/releases');
  assert.throws(() => findTarget(trust.set, 'of jeff'), { code: 'TUF_TARGET_UNKNOWN' });
});

test('a signer who comes back signs on where the role had ended', async () => {
  const { server, keysOf } = await delegated();
  const keys = new MemoryKeys([...keysOf('paula'), ...keysOf('jeff'), ...keysOf('kate')]);
  const desk = new Desk(server, { keys });
  await desk.publish([add('v1')]);
  await desk.publish([{ kind: 'remove-signer', name: 'jeff' }]);
  const key = (await keys.signer(keysOf('jeff')[0]?.signer.key.id as KeyId)).key;
  await desk.publish([{ kind: 'add-signer', name: 'jeff', keys: [key] }, add('v2')]);
  const { set } = await desk.open();
  assert.ok(set.targets.get('targets/jeff' as TargetsRole)?.file.signed.targets.has('v2'));
  assert.ok(!set.targets.get('targets/jeff' as TargetsRole)?.file.signed.targets.has('v1'));
});

test('an update that others overtake is made again upon theirs', async () => {
  const { server, keysOf } = await delegated();
  const jeff = new Desk(server, { keys: new MemoryKeys(keysOf('jeff')) });
  const kate = new Desk(server, { keys: new MemoryKeys(keysOf('kate')) });
  let overtaken = 0;
  const remote = server.remote(gun, async () => {
    if (overtaken < 3) await kate.publish([add(`of kate ${++overtaken}`)]);
  });
  const { trust } = await jeff.publish([add('of jeff')], 'refuse', remote);
  for (const name of ['of kate 1', 'of kate 2', 'of kate 3', 'of jeff'])
    findTarget(trust.set, name);
});

test('who is overtaken for ever gives up, and has changed nothing', async () => {
  const { server, keysOf } = await delegated();
  const jeff = new Desk(server, { keys: new MemoryKeys(keysOf('jeff')) });
  const real = server.remote(gun);
  const remote = { ...real, publish: async () => 'superseded' as PublishOutcome };
  await assert.rejects(jeff.publish([add('v1')], 'refuse', remote), { code: 'CLIENT_SUPERSEDED' });
  const { set } = await jeff.open();
  assert.throws(() => findTarget(set, 'v1'), { code: 'TUF_TARGET_UNKNOWN' });
});

test('a server that accepts an update and then shows something else is found out', async () => {
  const { server, keysOf } = await delegated();
  const jeff = new Desk(server, { keys: new MemoryKeys(keysOf('jeff')) });
  const real = server.remote(gun);
  let isPublished = false;
  const remote: TrustRemote = {
    ...real,
    timestamp: async () => (isPublished ? utf8('{}') : real.timestamp()),
    publish: async (files) => {
      isPublished = true;
      return real.publish(files);
    },
  };
  await assert.rejects(jeff.publish([add('v1')], 'refuse', remote), {
    code: 'CLIENT_PUBLISHED_UNREAD',
  });
});

/** paula's repository, in which jeff and kate are signers. */
async function delegated() {
  const server = new MemoryTrust(() => now);
  const paula = new Desk(server);
  const signers = new Map([
    ['jeff', makeSigner()],
    ['kate', makeSigner()],
  ]);
  await paula.publish(
    [...signers].map(([name, { key }]) => ({ kind: 'add-signer', name, keys: [key] }) as const),
  );
  const keysOf = (name: string): HeldKey[] => {
    const signer = signers.get(name);
    return signer ? [{ role: name, gun: undefined, signer }] : [...paula.keys.held];
  };
  return { server, keysOf };
}

function add(name: string): TrustChange {
  return { kind: 'add-target', name, digest: digestOf(utf8(name)), sizeBytes: name.length };
}

function remove(name: string): TrustChange {
  return { kind: 'remove-target', name };
}

type Server = MemoryTrust;

interface DeskOptions {
  readonly gun?: Gun;
  readonly keys?: MemoryKeys;
  readonly cache?: MemoryMetadataCache;
}

/** Of another repository. */
async function someTimestamp(): Promise<Uint8Array> {
  const cache = new MemoryMetadataCache();
  await new Desk(new MemoryTrust(() => now), { cache }).publish([add('v1')]);
  return cache.files.get('timestamp') ?? assert.fail();
}

/** What `notary init` does. @returns the root */
async function beginWith(keys: KeyStore, server: Server): Promise<Uint8Array> {
  const remote = server.remote(gun);
  const rootSigner = await keys.create('root');
  const { root } = newRepository({
    gun,
    rootKey: rootSigner.key,
    targetsKey: (await keys.create('targets', gun)).key,
    snapshotKey: (await keys.create('snapshot', gun)).key,
    timestampKey: await remote.serverKey('timestamp'),
    now,
  });
  return (await signFile('root', root, [rootSigner])).bytes;
}

/** Somebody's keys and cache, at work on one repository. */
class Desk {
  readonly keys: MemoryKeys;
  readonly #cache: MemoryMetadataCache;
  readonly #server: Server;
  readonly #gun: Gun;

  constructor(server: Server, options: DeskOptions = {}) {
    this.#cache = options.cache ?? new MemoryMetadataCache();
    this.#server = server;
    this.#gun = options.gun ?? gun;
    this.keys = options.keys ?? new MemoryKeys([]);
  }

  publish(
    changes: readonly TrustChange[],
    whenNew: 'initialise' | 'refuse' = 'initialise',
    remote = this.#server.remote(this.#gun),
  ) {
    const { keys } = this;
    return publish({ gun: this.#gun, remote, cache: this.#cache, keys, now, changes, whenNew });
  }

  open() {
    const source = this.#server.remote(this.#gun);
    return openTrust({ gun: this.#gun, source, cache: this.#cache, now });
  }
}
