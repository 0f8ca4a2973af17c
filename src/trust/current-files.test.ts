import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consumerSees } from '../../test/support/consumer-sees.ts';
import { MemoryMetadataStore } from '../../test/support/memory-metadata-store.ts';
import { partsOf } from '../../test/support/simulated-publisher.ts';
import { edits, gun, now, serverWithRepository, tag } from '../../test/support/trust-world.ts';
import { dayMs } from '../base/index.ts';
import type { RoleName } from '../tuf/index.ts';
import { TrustServer } from './index.ts';

/** A server on the same store whose reads are noted, and an update that sets a tag of `targets`. */
async function world() {
  const { store, keys, publisher } = await serverWithRepository();
  const reads: RoleName[] = [];
  class Noting extends MemoryMetadataStore {
    override current: MemoryMetadataStore['current'] = (of, role) => {
      reads.push(role);
      return store.current(of, role);
    };
    override publish: MemoryMetadataStore['publish'] = (...update) => store.publish(...update);
    override retired: MemoryMetadataStore['retired'] = (of) => store.retired(of);
  }
  const servers = [new TrustServer(new Noting(), keys), new TrustServer(store, keys)] as const;
  const setTag = async (server: TrustServer, name: string, at = now) => {
    const update = await publisher.update({ targets: edits([['targets', tag(name)]]) }, at);
    reads.length = 0;
    await server.accept(gun, partsOf(update), at);
    return reads.toSorted();
  };
  return { servers, setTag, publisher };
}

test('after an update of its own a server reads no more than the timestamp for the next', async () => {
  const { servers, setTag } = await world();
  const [server, beside] = servers;
  assert.deepEqual(await setTag(server, 'v1'), ['root', 'snapshot', 'targets', 'timestamp']);
  assert.deepEqual(await setTag(server, 'v2'), ['timestamp']);
  assert.deepEqual(await setTag(server, 'v3'), ['timestamp']);
  assert.deepEqual(await consumerSees(beside, gun, now), ['v1', 'v2', 'v3']);
});

test('what another server has published, renewed or deleted since is read again', async () => {
  const { servers, setTag, publisher } = await world();
  const [server, beside] = servers;
  await setTag(server, 'v1');
  await setTag(beside, 'v2');
  assert.deepEqual(await setTag(server, 'v3'), ['root', 'snapshot', 'targets', 'timestamp']);
  const later = new Date(now.getTime() + 15 * dayMs);
  await beside.current(gun, 'timestamp', later);
  assert.deepEqual(await setTag(server, 'v4', later), ['root', 'snapshot', 'targets', 'timestamp']);
  assert.deepEqual(await consumerSees(beside, gun, later), ['v1', 'v2', 'v3', 'v4']);

  const late = partsOf(await publisher.update({ targets: edits([['targets', tag('v5')]]) }, later));
  await beside.deleteAll(gun, later);
  await assert.rejects(server.accept(gun, late, later), { code: 'TRUST_ROOT_MISSING' });
});
