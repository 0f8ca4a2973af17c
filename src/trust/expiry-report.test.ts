import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gun, now, serverWithRepository } from '../../test/support/trust-world.ts';
import { parseRoleName } from '../tuf/index.ts';
import {
  type ExpiryIndex,
  type ExpiryKind,
  expiryKinds,
  expiryReport,
  trustError,
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
    };
    const lines = await expiryReport({ index, server }, now, 10, now);
    const his = lines.filter(({ by }) => by === 'operator');
    assert.deepEqual(his.map(({ kind }) => kind).sort(), ['snapshot', 'timestamp']);
    for (const { todo } of his) assert.match(todo, new RegExp(`${gun} \\(${detail.reason}\\)`));
    assert.equal(calls, asked, 'who does not answer at all is asked once');
  });
}

const index: Pick<ExpiryIndex, 'soonest'> = {
  soonest: async () =>
    expiryKinds.map((kind) => ({ gun, kind, role: roleOf(kind), expiresAt: now })),
};

function roleOf(kind: ExpiryKind) {
  if (kind === 'delegation') return parseRoleName('targets/kate');
  return parseRoleName(kind === 'root-certificate' ? 'root' : kind);
}
