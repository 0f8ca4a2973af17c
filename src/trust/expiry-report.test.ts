import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partsOf } from '../../test/support/simulated-publisher.ts';
import {
  edits,
  gun,
  kate,
  now,
  serverWithRepository,
  sub,
} from '../../test/support/trust-world.ts';
import { parseDelegationName, parseRoleName, withoutDelegation } from '../tuf/index.ts';
import {
  type ExpiryIndex,
  type ExpiryKind,
  expiryKinds,
  expiryReport,
  trustError,
  urgentExpiries,
} from './index.ts';

const expected: Record<ExpiryKind, readonly [serverHolds: string, publisherHolds: string]> = {
  timestamp: ['server', 'server'],
  snapshot: ['server', 'publisher'],
  targets: ['publisher', 'publisher'],
  delegation: ['publisher', 'publisher'],
  root: ['root-owner', 'root-owner'],
  'root-certificate': ['root-owner', 'root-owner'],
};

for (const [column, holdsSnapshot] of [false, true].entries()) {
  const who = holdsSnapshot ? 'publisher' : 'server';
  test(`who must do something when the ${who} holds the snapshot key`, async () => {
    const { server } = await serverWithRepository({ holdsSnapshot });
    const lines = await expiryReport({ index, server }, now, 10, now);
    const found = Object.fromEntries(lines.map(({ kind, by }) => [kind, by]));
    assert.deepEqual(
      found,
      Object.fromEntries(Object.entries(expected).map(([kind, by]) => [kind, by[column]])),
    );
    for (const { by, todo } of lines) assert.ok(by === 'server' || todo.includes(gun), todo);
  });
}

for (const [detail, asked] of [
  [{ reason: 'UNAVAILABLE', away: true }, 1],
  [{ reason: 'PERMISSION_DENIED' }, 2],
] as const) {
  test(`what a signer would renew that answers ${detail.reason} is its operator's`, async () => {
    let calls = 0;
    const server = {
      holdsKeys: async () => {
        calls++;
        throw trustError('TRUST_SIGNER_UNAVAILABLE', detail);
      },
      isNamed: async () => true,
    };
    const lines = await expiryReport({ index, server }, now, 10, now);
    const his = lines.filter(({ by }) => by === 'operator');
    assert.deepEqual(his.map(({ kind }) => kind).sort(), ['snapshot', 'timestamp']);
    for (const { todo } of his) assert.match(todo, new RegExp(`${gun} \\(${detail.reason}\\)`));
    assert.equal(calls, asked, 'who does not answer at all is asked once');
  });
}

test('what the store itself signed is its own to renew, and its operator’s when it should have been', async () => {
  const { server } = await serverWithRepository();
  const who = async (at: Date) => {
    const lines = await expiryReport({ index, server, isOwn: () => true }, at, 10, at);
    return [...new Set(lines.map(({ by }) => by))].sort();
  };
  const [soonest] = await index.soonest(now, 10, 'root');
  const ends = soonest?.expiresAt.getTime() ?? Number.NaN;
  assert.deepEqual(await who(new Date(ends - 160 * 86_400_000)), ['server']);
  assert.deepEqual(await who(new Date(ends - 140 * 86_400_000)), ['operator', 'server']);
});

test('a delegation that no role names any more is nobody’s to sign, and so is what is below it', async () => {
  const { server, publisher } = await serverWithRepository();
  const who = async () => {
    const lines = await expiryReport({ index: delegations, server }, now, 10, now);
    return lines.map(({ role, by }) => `${role}: ${by}`);
  };
  assert.deepEqual(await who(), [`${kate}: publisher`, `${sub}: publisher`, `${eve}: nobody`]);
  const targets = edits([['targets', (old) => withoutDelegation(old, kate)]]);
  await server.accept(gun, partsOf(await publisher.update({ targets }, now)), now);
  assert.deepEqual(await who(), [`${kate}: nobody`, `${sub}: nobody`, `${eve}: nobody`]);
});

test('urgent is what is left of timestamps within three days, and of all else within so many', async () => {
  const { server } = await serverWithRepository();
  const asked: string[] = [];
  const days = (count: number) => new Date(now.getTime() + count * 86_400_000);
  const index: Pick<ExpiryIndex, 'soonest'> = {
    soonest: async (before, limit, kind = 'root') => {
      asked.push(`${kind} ${(before.getTime() - now.getTime()) / 86_400_000} ${limit}`);
      const expiresAt = days(kind === 'timestamp' ? 2 : kind === 'root' ? 1 : 100);
      return kind === 'delegation' ? [] : [{ gun, kind, role: roleOf(kind), expiresAt }];
    },
  };
  const lines = await urgentExpiries({ index, server }, 180, 4, now);
  assert.deepEqual(
    asked,
    expiryKinds.map((kind) => `${kind} ${kind === 'timestamp' ? 3 : 180} 4`),
  );
  assert.deepEqual(
    lines.map(({ kind, by }) => `${kind} ${by}`),
    ['root root-owner', 'timestamp server', 'root-certificate root-owner', 'targets publisher'],
  );
});

const eve = parseDelegationName('targets/eve');
const delegations: Pick<ExpiryIndex, 'soonest'> = {
  soonest: async () =>
    [kate, sub, eve].map((role) => ({ gun, kind: 'delegation', role, expiresAt: now })),
};

const index: Pick<ExpiryIndex, 'soonest'> = {
  soonest: async () =>
    expiryKinds.map((kind) => ({ gun, kind, role: roleOf(kind), expiresAt: now })),
};

function roleOf(kind: ExpiryKind) {
  if (kind === 'delegation') return parseRoleName('targets/kate');
  return parseRoleName(kind === 'root-certificate' ? 'root' : kind);
}
