/** Which staged changes are made, and which are refused. What the commands say: cli/docker-trust/staged.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryChangelist } from '../../test/support/memory-changelist.ts';
import { type HeldKey, MemoryKeys } from '../../test/support/memory-keys.ts';
import { MemoryMetadataCache } from '../../test/support/memory-metadata-cache.ts';
import { MemoryTrust } from '../../test/support/memory-trust.ts';
import { makeSigner, SimulatedRepository } from '../../test/support/simulated-repository.ts';
import { digestOf, utf8 } from '../base/index.ts';
import {
  type DelegationName,
  type KeyId,
  parseDelegationName,
  parseGun,
  type Signer,
  type Targets,
  type TargetsRole,
  withDelegation,
  withTarget,
} from '../tuf/index.ts';
import {
  openTrust,
  publish,
  publishStaged,
  type RoleChange,
  type Stageable,
  stage,
  type TrustChange,
  type TrustRemote,
} from './index.ts';

const gun = parseGun('localhost:5443/acme/app');
const now = new Date('2026-11-21T00:00:00Z');
const kate = parseDelegationName('targets/kate');
const below = parseDelegationName('targets/kate/below');

test('a delegation that is removed and added again in one list begins anew', async () => {
  const { paula, thief, other } = await katesOwn();
  await paula.stage({ kind: 'remove-delegation', name: kate });
  await paula.stage({ kind: 'add-delegation', name: kate, keys: [other.key], paths: [''] });
  await paula.stage(add('v1'));
  await paula.publishStaged();
  assert.deepEqual(await paula.tagsIn(kate), ['v1']);
  await assert.rejects(thief.publish(add('v2')), { code: 'CLIENT_NO_SIGNING_KEY' });
});

/** What is staged before the role it changes is removed. */
const beforeRemoval: readonly Stageable[] = [
  { kind: 'remove-target', name: 'evil' },
  { kind: 'witness', role: kate },
  add('v1'),
];

for (const change of beforeRemoval) {
  test(`${change.kind} in a delegation that is removed later in the list holds nothing up`, async () => {
    const { paula } = await katesOwn({ isKateHeld: true });
    await paula.stage(change);
    await paula.stage({ kind: 'remove-delegation', name: kate });
    const { signed } = await paula.publishStaged();
    assert.deepEqual(signed, ['targets']);
    assert.deepEqual(await paula.tagsIn(kate), undefined);
  });
}

test('behind a staged removal, nothing is found in the role any more', async () => {
  const { paula, stolen } = await katesOwn({ isKateHeld: true });
  await paula.stage({ kind: 'remove-delegation', name: kate });
  await assert.rejects(paula.stage({ kind: 'remove-target', name: 'evil' }), {
    code: 'CLIENT_TARGET_NOT_YOURS',
  });
  await assert.rejects(paula.stage({ kind: 'purge-keys', keyIds: [stolen.key.id] }), {
    code: 'CLIENT_KEY_NOT_FOUND',
  });
});

/** What is staged without the key of the role in which it is signed. */
const unsignable: readonly Stageable[] = [
  { kind: 'witness', role: 'targets' },
  { kind: 'witness', role: kate },
  { kind: 'add-delegation', name: below, keys: [], paths: ['v'] },
  { kind: 'remove-delegation', name: kate },
  { kind: 'witness-root' },
  { kind: 'create-target', role: 'targets', name: 'v1', meta: { sizeBytes: 1, hashes: new Map() } },
];

for (const change of unsignable) {
  test(`${change.kind} is not staged without the key that signs it`, async () => {
    const { server } = await katesOwn();
    const stranger = new Desk(server, []);
    await assert.rejects(stranger.stage(change), { code: 'CLIENT_KEY_MISSING' });
    assert.deepEqual(stranger.changelist.waiting, []);
  });
}

/** Lists that end with a removal: published, cut off before they were emptied, and published again. */
const cutOff: readonly (readonly Stageable[])[] = [
  [
    { kind: 'trim-delegation', name: kate, keyIds: [], paths: [''] },
    { kind: 'remove-delegation', name: kate },
  ],
  [
    { kind: 'remove-target', name: 'evil' },
    { kind: 'remove-delegation', name: kate },
  ],
  [
    { kind: 'witness', role: kate },
    { kind: 'remove-delegation', name: kate },
  ],
  [add('v1'), { kind: 'remove-delegation', name: kate }],
  [
    { kind: 'add-delegation', name: below, keys: [], paths: ['v'] },
    { kind: 'witness', role: below },
    { kind: 'remove-delegation', name: kate },
  ],
];

for (const changes of cutOff) {
  test(`${changes.map(({ kind }) => kind).join(', ')} may be published again`, async () => {
    const { paula } = await katesOwn({ isKateHeld: true });
    await paula.stage(...changes);
    const { waiting } = paula.changelist;
    await paula.publishStaged();
    for (const left of waiting.keys()) {
      paula.changelist.waiting = waiting.slice(left);
      assert.deepEqual((await paula.publishStaged()).signed, []);
      assert.deepEqual(paula.changelist.waiting, []);
    }
  });
}

test('what is taken from a delegation that others removed meanwhile is taken; what is put there is not', async () => {
  const { paula } = await katesOwn({ isKateHeld: true });
  await paula.stage(
    { kind: 'trim-delegation', name: kate, keyIds: [], paths: [''] },
    { kind: 'remove-target', name: 'evil' },
  );
  const { waiting } = paula.changelist;
  await paula.publish({ kind: 'remove-delegation', name: kate });
  assert.deepEqual((await paula.publishStaged()).signed, []);
  paula.changelist.waiting = [...waiting, { file: '9', change: { kind: 'witness', role: kate } }];
  await assert.rejects(paula.publishStaged(), { code: 'CLIENT_STAGED_REFUSED' });
});

/** What is staged behind the purge of a thief's key -> what is published in the role, or the refusal. */
const afterPurge: readonly [changes: readonly Stageable[], outcome: readonly string[] | string][] =
  [
    [[add('v1')], 'CLIENT_ROLE_UNSIGNED'],
    [[{ kind: 'remove-target', name: 'evil' }], 'CLIENT_ROLE_UNSIGNED'],
    [[{ kind: 'add-delegation', name: below, keys: [], paths: ['v'] }], 'CLIENT_ROLE_UNSIGNED'],
    [
      [{ kind: 'witness', role: kate }, add('v1')],
      ['evil', 'v1'],
    ],
  ];

for (const [changes, outcome] of afterPurge) {
  const kinds = changes.map(({ kind }) => kind).join(', ');
  test(`a purge of the key that signed a role, and ${kinds}: ${outcome}`, async () => {
    const { paula, stolen } = await katesOwn({ isShared: true });
    await paula.stage({ kind: 'purge-keys', keyIds: [stolen.key.canonicalId] });
    if (typeof outcome === 'string') {
      await assert.rejects(paula.stage(...changes), { code: outcome });
      await paula.publishStaged();
      assert.deepEqual(await paula.tagsIn(kate), undefined);
      return;
    }
    await paula.stage(...changes);
    await paula.publishStaged();
    assert.deepEqual(await paula.tagsIn(kate), outcome);
  });
}

test('what others vouched for before the purge holds on, and takes more', async () => {
  const { paula, stolen } = await katesOwn({ isShared: true });
  await paula.publish({ kind: 'remove-target', name: 'evil' });
  await paula.stage({ kind: 'purge-keys', keyIds: [stolen.key.canonicalId] });
  await paula.stage(add('v1'));
  await paula.publishStaged();
  assert.deepEqual(await paula.tagsIn(kate), ['v1']);
});

const former = makeSigner();
const purge: RoleChange = { kind: 'purge-keys', keyIds: [former.key.canonicalId] };

/** What is the matter with a role -> what becomes of changes in it. */
const unread: readonly [what: string, changes: readonly RoleChange[], outcome: string][] = [
  ['left out of the snapshot', [remove(kate, 'v1')], 'CLIENT_STAGED_REFUSED'],
  ['left out of the snapshot', [{ kind: 'witness', role: kate }], 'CLIENT_STAGED_REFUSED'],
  ['left out of the snapshot', [remove(below, 'v1')], 'CLIENT_STAGED_REFUSED'],
  [
    'left out of the snapshot',
    [{ kind: 'remove-delegation', name: below }],
    'CLIENT_STAGED_REFUSED',
  ],
  [
    'left out of the snapshot',
    [{ kind: 'purge-keys', keyIds: ['0'.repeat(64) as KeyId] }],
    'CLIENT_STAGED_REFUSED',
  ],
  ['below one that expired', [remove(below, 'v1')], 'CLIENT_STAGED_REFUSED'],
  ['expired', [remove(kate, 'v1')], 'removed'],
  ['expired', [purge, remove(kate, 'v1')], 'CLIENT_STAGED_REFUSED'],
  ['never signed', [remove(kate, 'v1')], 'made already'],
];

for (const [what, changes, outcome] of unread) {
  const kinds = changes.map(({ kind }) => kind).join(', ');
  test(`${kinds} in a role that is ${what}: ${outcome}`, async () => {
    const other = makeSigner();
    const repo = new SimulatedRepository(gun, now);
    const delegating = (name: DelegationName) => (each: Targets) =>
      withDelegation(each, { name, keys: [former.key, other.key] });
    repo.edit('targets', now, delegating(kate));
    const cache = new MemoryMetadataCache();
    if (what !== 'never signed') {
      const meta = { sizeBytes: 1, hashes: new Map([['sha256', new Uint8Array(32)]]) };
      for (const role of [kate, below]) {
        repo.signers.set(role, [former]);
        repo.edit(role, now, (each) => withTarget(each, 'v1', meta));
      }
      repo.edit(kate, now, delegating(below));
      await repo.publish(['root', 'targets', kate, below], now);
      await openTrust({ gun, source: repo.source, cache, now });
    }
    if (what.includes('expired')) {
      repo.edit(kate, now, (each) => ({ ...each, expiresAt: new Date(now.getTime() - 1) }));
    }
    if (what.includes('snapshot') && repo.snapshot) {
      const meta = new Map([...repo.snapshot.meta].filter(([role]) => role !== kate));
      repo.snapshot = { ...repo.snapshot, meta };
    }
    const isLeftOut = what.includes('snapshot') || what === 'never signed';
    await repo.publish(isLeftOut ? ['root', 'targets'] : ['targets', kate, below], now);
    const published: string[] = [];
    const changelist = new MemoryChangelist();
    await changelist.append(gun, changes);
    const remote: TrustRemote = {
      ...repo.source,
      serverKey: () => assert.fail(),
      rotateServerKey: () => assert.fail(),
      publish: async (files) => {
        published.push(...files.map(({ role }) => role));
        return 'accepted';
      },
    };
    const held = [other, ...(repo.signers.get('targets') ?? [])];
    const keys = new MemoryKeys(held.map((signer) => ({ role: '', gun: undefined, signer })));
    const publishing = publishStaged({ gun, remote, cache, keys, changelist, now });
    if (outcome === 'CLIENT_STAGED_REFUSED') await assert.rejects(publishing, { code: outcome });
    else await publishing;
    assert.deepEqual(published, outcome === 'removed' ? [kate] : []);
    assert.equal(
      changelist.waiting.length,
      outcome === 'CLIENT_STAGED_REFUSED' ? changes.length : 0,
    );
  });
}

interface Roles {
  /** Whether paula holds the key of kate's delegation too. */
  readonly isKateHeld?: boolean;
  /** Whether kate's delegation has another key beside the stolen one, which paula holds. */
  readonly isShared?: boolean;
}

/** paula's repository; in targets/kate, with a key that a thief has too, `evil` is signed. */
async function katesOwn({ isKateHeld = false, isShared = false }: Roles = {}) {
  const server = new MemoryTrust(() => now);
  const [stolen, other] = [makeSigner(), makeSigner()];
  const paula = new Desk(server, [other, ...(isKateHeld ? [stolen] : [])]);
  const thief = new Desk(server, [stolen]);
  const keys = [stolen, ...(isShared ? [other] : [])].map(({ key }) => key);
  await paula.publish({ kind: 'add-delegation', name: kate, keys, paths: [''] });
  await thief.publish(add('evil'));
  return { server, paula, thief, stolen, other };
}

function add(name: string): Stageable & TrustChange {
  return { kind: 'add-target', name, digest: digestOf(utf8(name)), sizeBytes: name.length };
}

function remove(role: TargetsRole, name: string): RoleChange {
  return { kind: 'delete-target', role, name };
}

/** Somebody with keys, a cache and a changelist of their own, at work on the repository. */
class Desk {
  readonly changelist = new MemoryChangelist();
  readonly cache = new MemoryMetadataCache();
  readonly keys: MemoryKeys;
  readonly #server: MemoryTrust;

  constructor(server: MemoryTrust, signers: readonly Signer[]) {
    this.#server = server;
    const held = signers.map((signer): HeldKey => ({ role: 'signer', gun: undefined, signer }));
    this.keys = new MemoryKeys(held);
  }

  async publish(...changes: readonly TrustChange[]) {
    return await publish({ ...this.#request, changes, whenNew: 'initialise' });
  }

  async stage(...changes: readonly Stageable[]) {
    return await stage({ ...this.#request, changes });
  }

  async publishStaged() {
    return await publishStaged(this.#request);
  }

  /** What is published in a role, as a stranger reads it; undefined when it is not there. */
  async tagsIn(role: TargetsRole): Promise<string[] | undefined> {
    const { remote } = this.#request;
    const { set } = await openTrust({ gun, source: remote, cache: new MemoryMetadataCache(), now });
    const content = set.targets.get(role)?.file.signed;
    return content && [...content.targets.keys()];
  }

  get #request() {
    const { keys, cache, changelist } = this;
    return { gun, remote: this.#server.remote(gun), cache, keys, changelist, now };
  }
}
