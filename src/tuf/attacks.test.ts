import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireEveryAttack } from '../../test/support/attack-names.ts';
import {
  attackedRoles,
  byStranger,
  type Cell,
  type Make,
  makers,
  repositoryAtVersionOne,
  resigned,
  serveCorrupt,
  served,
  toVersionTwo,
} from '../../test/support/client-attacks.ts';
import {
  parseGun,
  type RoleName,
  refreshTrustedSet,
  releasesRole,
  type TrustedSet,
} from './index.ts';

/* The tables stand in test/support/client-attacks.ts, and are run through the command line as well. */

const gun = parseGun('registry.example.com:5443/acme/app');
const before = new Date('2026-11-20T00:00:00Z');
const now = new Date('2026-11-21T00:00:00Z');

for (const [attack, way, serve, ...cells] of served) {
  for (const [index, role] of attackedRoles.entries()) {
    test(`${attack}: when ${role} ${way} where it is served: ${cells[index]}`, async () => {
      const { repository, client, former } = await atVersionTwo();
      const { seen } = await client();
      serveCorrupt(repository, role, serve, former);
      await expectCell(client(role === 'timestamp' ? seen : undefined), cells[index]);
    });
  }
}

for (const [attack, way, make, ...cells] of makers) {
  for (const [index, role] of attackedRoles.entries()) {
    test(`${attack}: when ${role} ${way} and all above it fits: ${cells[index]}`, async () => {
      const { client } = await atVersionTwo(make, role);
      await expectCell(client(), cells[index]);
    });
  }
}

for (const role of ['timestamp', 'snapshot', 'targets', releasesRole] as const) {
  test(`rollback: a ${role} older than the one seen last is a rollback`, async () => {
    const { client } = await atVersionTwo();
    const { seen } = await client();
    const version = seen.get(role) ?? assert.fail();
    const detail = { role, version, seen: version + 1 };
    const refused = client(new Map(seen).set(role, version + 1));
    await assert.rejects(refused, { code: 'TUF_ROLLBACK', detail });
    assert.deepEqual((await client(seen)).seen, seen);
  });
}

test('rollback: a root older than the one seen last is a rollback, though its own signatures are right', async () => {
  const { client, seen } = await atVersionTwo();
  const expected = { code: 'TUF_ROLLBACK', detail: { role: 'root', version: 2, seen: 9 } };
  await assert.rejects(client(new Map(seen).set('root', 9)), expected);
});

test('of a delegation, lenient skips what expired or lacks signatures, and nothing else', async () => {
  const cases: [way: string, Make, Cell][] = [
    ['expired', resigned({ expires: '2026-11-20T00:00:00Z' }), 'TUF_EXPIRED'],
    ['by a stranger', byStranger, 'TUF_BELOW_THRESHOLD'],
    ['malformed', resigned({ version: 0 }), 'ok'],
  ];
  for (const [way, make, skipped] of cases) {
    const { client } = await atVersionTwo(make, releasesRole);
    if (skipped === 'ok') {
      await assert.rejects(client(undefined, 'lenient'), { code: 'TUF_MALFORMED' }, way);
      continue;
    }
    const set = await client(undefined, 'lenient');
    assert.deepEqual([...set.targets.keys()], ['targets'], way);
    assert.deepEqual(
      [...set.skipped].map(([role, { code }]) => [role, code]),
      [[releasesRole, skipped]],
    );
  }
});

test('every attack has a row, or a test elsewhere', () => {
  // extraneous.test.ts; and key-compromise.test.ts has every role with every stolen key.
  const elsewhere = ['extraneous dependencies'] as const;
  requireEveryAttack([...[...served, ...makers].map(([attack]) => attack), ...elsewhere]);
});

/** Publishes twice; the second time `make` may corrupt one role. */
async function atVersionTwo(make?: Make, role: RoleName = 'root') {
  const repository = await repositoryAtVersionOne(gun, before);
  const anchor = repository.served.get('root') ?? assert.fail();
  const first = await refreshTrustedSet({ gun, anchor, source: repository.source, now: before });
  const former = new Map(repository.served);
  await toVersionTwo(repository, now, make, role);
  const client = (
    seen: ReadonlyMap<RoleName, number> = new Map(),
    delegations: 'strict' | 'lenient' = 'strict',
  ) => refreshTrustedSet({ gun, anchor, source: repository.source, now, seen, delegations });
  return { repository, client, former, seen: first.seen };
}

async function expectCell(refresh: Promise<TrustedSet>, cell: Cell | undefined) {
  if (cell === 'ok') assert.equal((await refresh).root.version, 2);
  else await assert.rejects(refresh, { code: cell ?? assert.fail('the row has no such cell') });
}
