/** Which staged changes are made, and which are refused. What the commands say: cli/docker-trust/staged.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryChangelist } from '../../test/support/memory-changelist.ts';
import { type HeldKey, MemoryKeys } from '../../test/support/memory-keys.ts';
import { MemoryMetadataCache } from '../../test/support/memory-metadata-cache.ts';
import { MemoryTrust } from '../../test/support/memory-trust.ts';
import { makeSigner } from '../../test/support/simulated-repository.ts';
import { digestOf, utf8 } from '../base/index.ts';
import { parseDelegationName, parseGun, type Signer, type TargetsRole } from '../tuf/index.ts';
import {
  openTrust,
  publish,
  publishStaged,
  type Stageable,
  stage,
  type TrustChange,
} from './index.ts';

const gun = parseGun('localhost:5443/acme/app');
const now = new Date('2026-11-21T00:00:00Z');
const kate = parseDelegationName('targets/kate');

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

interface Roles {
  /** Whether paula holds the key of kate's delegation too. */
  readonly isKateHeld?: boolean;
}

/** paula's repository; in targets/kate, with a key that a thief has too, `evil` is signed. */
async function katesOwn({ isKateHeld = false }: Roles = {}) {
  const server = new MemoryTrust(() => now);
  const [stolen, other] = [makeSigner(), makeSigner()];
  const paula = new Desk(server, [other, ...(isKateHeld ? [stolen] : [])]);
  const thief = new Desk(server, [stolen]);
  await paula.publish({ kind: 'add-delegation', name: kate, keys: [stolen.key], paths: [''] });
  await thief.publish(add('evil'));
  return { server, paula, thief, stolen, other };
}

function add(name: string): Stageable & TrustChange {
  return { kind: 'add-target', name, digest: digestOf(utf8(name)), sizeBytes: name.length };
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
