import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partsOf } from '../../test/support/simulated-publisher.ts';
import {
  edits,
  gun,
  kate,
  now,
  serverWithRepository,
  tag,
} from '../../test/support/trust-world.ts';
import { dayMs } from '../base/index.ts';
import type { Gun, RoleName } from '../tuf/index.ts';
import { type KeptVersion, prune, type VersionShelf, versionsToForget } from './index.ts';

const role: RoleName = 'targets';

/** Versions 1 to `count` of targets, one a day, the last one today. */
function line(count: number): KeptVersion[] {
  return Array.from({ length: count }, (_, i) => {
    const storedAt = new Date(now.getTime() - (count - 1 - i) * dayMs);
    return { role, version: i + 1, sha256: `${i + 1}`, storedAt };
  });
}

// biome-ignore format: the columns line up
const rows: readonly (readonly [keepVersions: number, keepDays: number, named: string[], forgotten: number[]])[] = [
  [1,   1, [],    [7, 6, 5, 4, 3, 2, 1]],
  [3,   1, [],    [7, 6, 5, 4, 3, 2, 1]],
  [4,   1, [],    [6, 5, 4, 3, 2, 1]],
  [1,   5, [],    [3, 2, 1]],
  [1, 100, [],    []],
  [99,  1, [],    []],
  [4,   1, ['5'], [6, 4, 3, 2, 1]],
];
for (const [keepVersions, keepDays, named, forgotten] of rows) {
  test(`of ten days, ${keepVersions} versions and ${keepDays} days are kept, and ${named}`, () => {
    const found = versionsToForget(line(10), new Set(named), { keepVersions, keepDays }, now);
    assert.deepEqual(
      found.map(({ version }) => version),
      forgotten,
    );
  });
}

test('roots are never forgotten', () => {
  const roots = line(10).map((version) => ({ ...version, role: 'root' as const }));
  assert.deepEqual(versionsToForget(roots, new Set(), { keepVersions: 1, keepDays: 1 }, now), []);
});

test('a repository is whole after it was pruned', async () => {
  const { server, store, publisher } = await serverWithRepository();
  const versions: KeptVersion[] = [];
  const publish = async (day: number) => {
    const when = new Date(now.getTime() + day * dayMs);
    const update = await publisher.update({ targets: edits([['targets', tag(`d${day}`)]]) }, when);
    versions.push(
      ...(await server.accept(gun, partsOf(update), when)).map((file) => ({
        ...file,
        storedAt: when,
      })),
    );
  };
  for (const role of ['root', 'targets', kate, 'snapshot', 'timestamp'] as const) {
    const file = await store.current(gun, role);
    if (file) versions.push(file);
  }
  for (const day of [1, 2, 3]) await publish(day);
  const forgotten: KeptVersion[] = [];
  const shelf: VersionShelf = {
    guns: async () => [gun],
    versions: async () => versions,
    forget: async (_gun: Gun, some) => void forgotten.push(...some),
  };
  const later = new Date(now.getTime() + 30 * dayMs);
  const ports = { shelf, store };
  const end = await prune(ports, { keepVersions: 1, keepDays: 1 }, '', later);
  assert.deepEqual(end, { after: undefined, forgotten: forgotten.length });
  const left = versions.filter((version) => !forgotten.includes(version));
  assert.deepEqual(
    left.map(({ role, version }) => `${role} ${version}`).sort(),
    ['root 1', 'snapshot 5', 'targets 5', `${kate} 1`, 'timestamp 5'].sort(),
  );
  versions.push({ role: 'snapshot', version: 9, sha256: 'x', storedAt: later });
  forgotten.length = 0;
  await prune(
    { shelf, store: { current: async () => undefined } },
    { keepVersions: 1, keepDays: 1 },
    '',
    later,
  );
  assert.deepEqual(forgotten, [], 'what cannot be read keeps everything');
});
