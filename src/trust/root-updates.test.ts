import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  newSigner,
  partsOf,
  rootSigner,
  SimulatedPublisher,
} from '../../test/support/simulated-publisher.ts';
import {
  edits,
  emptyServer,
  gun,
  now,
  refusal,
  serverWithRepository,
  tag,
} from '../../test/support/trust-world.ts';
import { parseGun, type RoleName, withRoleKeys } from '../tuf/index.ts';

test('an update of nothing needs a root', async () => {
  const { server } = emptyServer();
  await assert.rejects(server.accept(gun, new Map(), now), refusal('TRUST_ROOT_MISSING', 'root'));
});

test('a first update without targets is TRUST_TARGETS_MISSING', async () => {
  const { parts, server } = await firstUpdate();
  parts.delete('targets');
  await assert.rejects(server.accept(gun, parts, now), refusal('TRUST_TARGETS_MISSING', 'targets'));
});

test('a first update without the snapshot of its own key is TRUST_SNAPSHOT_MISSING', async () => {
  const { parts, server } = await firstUpdate({ holdsSnapshot: true });
  parts.delete('snapshot');
  const expected = refusal('TRUST_SNAPSHOT_MISSING', 'snapshot');
  await assert.rejects(server.accept(gun, parts, now), expected);
});

test('the first root may have any version', async () => {
  const { server, publisher } = await firstUpdate();
  const files = await publisher.initialise(now);
  const root = files.get('root') ?? assert.fail();
  files.set('root', await publisher.sign('root', { ...root.signed, version: 4 } as never));
  await server.accept(gun, partsOf(files), now);
  assert.equal((await server.current(gun, 'root', now))?.version, 4);
});

test('a root for another repository is TUF_ROOT_CERTIFICATE_NAME', async () => {
  const { server } = emptyServer();
  const other = new SimulatedPublisher(server, parseGun('localhost:5443/acme/other'), now);
  const parts = partsOf(await other.initialise(now));
  const expected = refusal('TUF_ROOT_CERTIFICATE_NAME', 'root');
  await assert.rejects(server.accept(gun, parts, now), expected);
});

test('after the root certificate has expired nothing is accepted', async () => {
  const { server, publisher } = await serverWithRepository();
  const later = new Date(now.getTime() + 11 * 365 * 86_400_000);
  const parts = partsOf(
    await publisher.update({ targets: edits([['targets', tag('v1')]]) }, later),
  );
  const expected = refusal('TUF_ROOT_CERTIFICATE_EXPIRED', 'root');
  await assert.rejects(server.accept(gun, parts, later), expected);
});

test('a root whose keys the published root did not sign in is TUF_ROOT_UNTRUSTED', async () => {
  const { server, publisher } = await serverWithRepository();
  const thief = rootSigner(gun, now);
  publisher.signers.set('root', [thief]);
  const parts = partsOf(
    await publisher.update({ root: (root) => withRoleKeys(root, 'root', [thief.key]) }, now),
  );
  await assert.rejects(server.accept(gun, parts, now), refusal('TUF_ROOT_UNTRUSTED', 'root'));
});

test('a new root key that the old one signs in is accepted', async () => {
  const { server, publisher } = await serverWithRepository();
  const next = rootSigner(gun, now);
  publisher.signers.set('root', [next, ...(publisher.signers.get('root') ?? [])]);
  const root = await publisher.update(
    { root: (old) => withRoleKeys(old, 'root', [next.key]) },
    now,
  );
  await server.accept(gun, partsOf(root), now);
  assert.equal((await server.current(gun, 'root', now))?.version, 2);
});

test('a root that gives targets another key needs targets by that key', async () => {
  const { server, publisher } = await serverWithRepository();
  const next = newSigner();
  const root = (
    await publisher.update({ root: (old) => withRoleKeys(old, 'targets', [next.key]) }, now)
  ).get('root');
  const parts = new Map<RoleName, Uint8Array>([['root', root?.bytes ?? assert.fail()]]);
  await assert.rejects(server.accept(gun, parts, now), refusal('TUF_BELOW_THRESHOLD', 'targets'));
  publisher.signers.set('targets', [next]);
  const targets = await publisher.update({ targets: edits([['targets', (same) => same]]) }, now);
  await server.accept(gun, new Map([...parts, ...partsOf(targets)]), now);
});

test('a root with a timestamp key of a stranger is TRUST_TIMESTAMP_KEY_UNKNOWN', async () => {
  const { server, publisher } = await serverWithRepository();
  const { key } = newSigner();
  const parts = partsOf(
    await publisher.update({ root: (old) => withRoleKeys(old, 'timestamp', [key]) }, now),
  );
  await assert.rejects(
    server.accept(gun, parts, now),
    refusal('TRUST_TIMESTAMP_KEY_UNKNOWN', 'root'),
  );
});

test("a root with another repository's server keys gets no signature by them", async () => {
  const { server, publisher } = await serverWithRepository();
  const other = parseGun('localhost:5443/acme/other');
  const [timestampKey, snapshotKey] = [
    await server.publicKey(other, 'timestamp', now),
    await server.publicKey(other, 'snapshot', now),
  ];
  const timestamp = partsOf(
    await publisher.update({ root: (old) => withRoleKeys(old, 'timestamp', [timestampKey]) }, now),
  );
  await assert.rejects(
    server.accept(gun, timestamp, now),
    refusal('TRUST_TIMESTAMP_KEY_UNKNOWN', 'root'),
  );
  const snapshot = partsOf(
    await publisher.update({ root: (old) => withRoleKeys(old, 'snapshot', [snapshotKey]) }, now),
  );
  await assert.rejects(
    server.accept(gun, snapshot, now),
    refusal('TRUST_SNAPSHOT_MISSING', 'snapshot'),
  );
});

test('a root that asks for two signatures by the server needs two keys of the server', async () => {
  const { server, publisher } = await serverWithRepository();
  const held = await server.publicKey(gun, 'timestamp', now);
  const parts = partsOf(
    await publisher.update(
      { root: (old) => withRoleKeys(old, 'timestamp', [held, newSigner().key], 2) },
      now,
    ),
  );
  await assert.rejects(
    server.accept(gun, parts, now),
    refusal('TRUST_TIMESTAMP_KEY_UNKNOWN', 'root'),
  );
});

async function firstUpdate(who: { holdsSnapshot?: boolean } = {}) {
  const { server } = emptyServer();
  const publisher = new SimulatedPublisher(server, gun, now, who);
  return { server, publisher, parts: partsOf(await publisher.initialise(now)) };
}
