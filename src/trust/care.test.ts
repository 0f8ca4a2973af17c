import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partsOf } from '../../test/support/simulated-publisher.ts';
import { edits, gun, now, serverWithRepository, tag } from '../../test/support/trust-world.ts';
import { dayMs } from '../base/index.ts';
import { type Gun, parseGun, parseMetadata, type RoleName } from '../tuf/index.ts';
import { renewalOf } from './expiry.ts';
import { type CareEvent, type ExpiryIndex, renewDue, TrustServer, trustError } from './index.ts';

const never = new AbortController().signal;
const hash = (digits: string) => digits.padEnd(64, '0');

test('a timestamp is due when half its life is over, a snapshot in its last tenth, both spread', () => {
  const rows = [
    ['timestamp', '00000000', 50],
    ['timestamp', 'ffffffff', 60],
    ['snapshot', '00000000', 90],
    ['snapshot', 'ffffffff', 92],
  ] as const;
  for (const [role, digits, day] of rows) {
    const due = renewalOf({ role, sha256: hash(digits) }, now, at(100));
    assert.equal(Math.round(((due?.getTime() ?? 0) - now.getTime()) / dayMs), day, role);
  }
  assert.equal(renewalOf({ role: 'targets', sha256: hash('0') }, now, at(100)), undefined);
  const expired = renewalOf({ role: 'timestamp', sha256: hash('f') }, now, at(-1));
  assert.ok(expired && expired <= now, 'one that was stored when it had expired is due at once');
});

test('a timestamp is renewed while it is valid, and a snapshot with the timestamp over it', async () => {
  const { server } = await serverWithRepository();
  assert.deepEqual(await server.renew(gun, at(6)), { result: 'not-due' });
  assert.deepEqual(await server.renew(gun, at(9)), { result: 'renewed' });
  assert.deepEqual(await versions(server, at(9)), { timestamp: 3, snapshot: 2 });
  assert.deepEqual(await server.renew(gun, at(9)), { result: 'not-due' });
  assert.deepEqual(await server.renew(gun, at(1_020)), { result: 'renewed' });
  assert.deepEqual(await versions(server, at(1_020)), { timestamp: 4, snapshot: 3 });
});

test('the timestamp is renewed although the publisher holds the key of an ageing snapshot', async () => {
  const { server, publisher } = await serverWithRepository({ holdsSnapshot: true });
  assert.deepEqual(await server.renew(gun, at(1_020)), { result: 'renewed' });
  assert.deepEqual(await versions(server, at(1_020)), { timestamp: 3, snapshot: 2 });
  const again = await server.renew(gun, at(1_020));
  assert.equal(again.result, 'refused', 'the snapshot is the publisher’s');
  const update = await publisher.update({ targets: edits([['targets', tag('v1')]]) }, at(1_020));
  await server.accept(gun, partsOf(update), at(1_020));
  assert.deepEqual(await server.renew(gun, at(1_020)), { result: 'not-due' });
});

test('nothing is renewed below a root that no longer holds', async () => {
  const { server } = await serverWithRepository();
  const renewal = await server.renew(gun, at(4_000));
  assert.equal(renewal.result, 'refused');
  assert.ok(renewal.result === 'refused' && renewal.error.code === 'TUF_ROOT_CERTIFICATE_EXPIRED');
});

test('a round renews each GUN that is due once, and puts off what it cannot renew', async () => {
  const [fine, refused, broken] = ['fine', 'refused', 'broken'].map((name) =>
    parseGun(`localhost:5443/acme/${name}`),
  ) as [Gun, Gun, Gun];
  const index = new Diary([fine, refused, broken]);
  const events: string[] = [];
  const server = {
    renew: async (one: Gun) => {
      if (one === broken) throw new TypeError('the signer is away');
      if (one === fine) return { result: 'renewed' } as const;
      return (await serverWithRepository()).server.renew(gun, at(4_000));
    },
  };
  const report = (event: CareEvent) => void events.push(`${event.event} ${event.gun}`);
  assert.equal(await renewDue({ index, server, report }, now, never), true);
  assert.deepEqual(events, [
    `renewed ${fine}`,
    `renewal-refused ${refused}`,
    `renewal-failed ${broken}`,
  ]);
  assert.deepEqual([...index.putOff.values()], [1_440, 1_440, 5], 'minutes');
  assert.equal(await renewDue({ index, server, report }, now, never), false);
});

const away = { reason: 'UNAVAILABLE', away: true };
const denied = { reason: 'PERMISSION_DENIED' };
for (const [what, detail, lookedAt] of [
  ['is away ends the round, which is tried again soon', away, 1],
  ['refuses one key holds up no other', denied, 3],
] as const) {
  test(`a signer that ${what}`, async () => {
    const guns = ['a', 'b', 'c'].map((name) => parseGun(`localhost:5443/acme/${name}`));
    const index = new Diary(guns);
    const error = trustError('TRUST_SIGNER_UNAVAILABLE', detail);
    const events: string[] = [];
    const server = { renew: async () => ({ result: 'refused', error }) as const };
    const report = (event: CareEvent) => void events.push(event.event);
    const more = await renewDue({ index, server, report }, now, never);
    assert.equal(more, lookedAt === 3, 'there is no next round at once when nobody answers');
    assert.deepEqual(events, Array(lookedAt).fill('renewal-failed'));
    assert.deepEqual([...index.putOff.values()], Array(lookedAt).fill(5), 'minutes');
  });
}

test('a round ends early when the store stops', async () => {
  const index = new Diary([gun]);
  const server = { renew: () => assert.fail('the store was told to stop') };
  await renewDue({ index, server, report: () => {} }, now, AbortSignal.abort());
});

test('two replicas renew a GUN once', async () => {
  const { server, store, keys } = await serverWithRepository();
  const replica = new TrustServer(store, keys);
  const ends = await Promise.all([server.renew(gun, at(9)), replica.renew(gun, at(9))]);
  assert.deepEqual(
    ends.map(({ result }) => result).filter((result) => result === 'renewed').length,
    1,
  );
  assert.deepEqual(await versions(server, at(9)), { timestamp: 3, snapshot: 2 });
});

function at(days: number): Date {
  return new Date(now.getTime() + days * dayMs);
}

async function versions(server: TrustServer, when: Date) {
  const of = async (role: RoleName) => {
    const file = await server.current(gun, role, when);
    return file && parseMetadata(role, file.bytes).version;
  };
  return { timestamp: await of('timestamp'), snapshot: await of('snapshot') };
}

/** An index with a fixed list of what is due, until it is put off. */
class Diary implements ExpiryIndex {
  readonly putOff = new Map<Gun, number>();
  #due: readonly Gun[];

  constructor(due: readonly Gun[]) {
    this.#due = due;
  }

  async due() {
    return [...this.#due];
  }

  async postpone(one: Gun, from: Date, until: Date) {
    this.putOff.set(one, (until.getTime() - from.getTime()) / 60_000);
    this.#due = this.#due.filter((due) => due !== one);
  }

  soonest = () => assert.fail('not asked');
  summary = () => assert.fail('not asked');
  catchUp = () => assert.fail('not asked');
}
