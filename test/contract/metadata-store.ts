import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { utf8 } from '../../src/base/index.ts';
import type { FileVersion, MetadataStore } from '../../src/trust/index.ts';
import { parseGun, parseRoleName } from '../../src/tuf/index.ts';

const gun = parseGun('localhost:5443/acme/app');
const other = parseGun('localhost:5443/acme/other');
const root = parseRoleName('root');
const targets = parseRoleName('targets');
const releases = parseRoleName('targets/releases');
const timestamp = parseRoleName('timestamp');
const now = new Date('2026-11-20T12:00:00.123Z');
const conflict = { code: 'TRUST_VERSION_CONFLICT' };

/**
 * What every MetadataStore does.
 * @param open  makes an empty store; `close` is called at the end of each test
 */
export function metadataStoreContract(
  name: string,
  open: () => Promise<{ store: MetadataStore; close(): Promise<void> }>,
): void {
  const the = (what: string, body: (store: MetadataStore) => Promise<void>) =>
    test(what, async () => {
      const { store, close } = await open();
      try {
        await body(store);
      } finally {
        await close();
      }
    });

  describe(`${name} as MetadataStore`, () => {
    the('gives back what was published, byte for byte', async (store) => {
      const files = [file('targets', 2), file('targets/releases', 1), file('timestamp', 1)];
      await store.publish(gun, files, now);
      for (const published of files) {
        const expected = { ...published, storedAt: now };
        const { role, version, sha256 } = published;
        for (const found of [
          await store.current(gun, role),
          await store.byVersion(gun, role, version),
          await store.byChecksum(gun, role, sha256),
        ]) {
          assert.deepEqual(found && { ...found, bytes: Uint8Array.from(found.bytes) }, expected);
        }
      }
    });

    the('keeps GUNs apart that differ in anything', async (store) => {
      const names = ['acme/app', 'Acme/app', 'ACME/APP', 'acme/app.', 'acme/àpp', 'acme/a\u0300pp'];
      const more = [
        'acme/ａpp',
        'acme/ap p',
        'acme/a_p',
        'acme',
        'Acme',
        'straße',
        'strasse',
        '😀',
      ];
      const guns = [...names, ...more].map(parseGun);
      for (const [at, gun] of guns.entries()) {
        assert.equal(await store.current(gun, targets), undefined, gun);
        await store.publish(gun, [file('targets', at + 1), file('timestamp', 1)], now);
      }
      for (const [at, gun] of guns.entries()) {
        assert.equal((await store.current(gun, targets))?.version, at + 1, gun);
      }
    });

    the('has a copy of its own when a publish is over', async (store) => {
      const given = [file('targets', 1), file('timestamp', 1)];
      await store.publish(gun, given, now);
      for (const { bytes } of given) bytes.fill(0);
      assert.deepEqual(
        Uint8Array.from((await store.current(gun, targets))?.bytes ?? []),
        file('targets', 1).bytes,
      );
    });

    the('keeps every version, and the highest is current', async (store) => {
      await store.publish(gun, [file('targets', 1), file('timestamp', 1)], now);
      await store.publish(gun, [file('targets', 5), file('timestamp', 2)], now);
      assert.equal((await store.current(gun, targets))?.version, 5);
      assert.equal((await store.byVersion(gun, targets, 1))?.version, 1);
      assert.equal(await store.byVersion(gun, targets, 2), undefined);
      assert.equal((await store.byChecksum(gun, targets, file('targets', 1).sha256))?.version, 1);
    });

    the('finds nothing under another GUN or another role', async (store) => {
      await store.publish(gun, [file('targets', 1), file('timestamp', 1)], now);
      const { sha256 } = file('targets', 1);
      assert.equal(await store.byChecksum(other, targets, sha256), undefined);
      assert.equal(await store.byChecksum(gun, root, sha256), undefined);
      assert.equal(await store.byChecksum(gun, releases, sha256), undefined);
      assert.equal(await store.current(other, targets), undefined);
      assert.equal(await store.byVersion(gun, root, 1), undefined);
    });

    for (const [what, files] of [
      ['the same version', [file('root', 9), file('targets', 3), file('timestamp', 9)]],
      ['a lower version', [file('root', 9), file('targets', 2), file('timestamp', 9)]],
      ['the same timestamp', [file('root', 9), file('targets', 9), file('timestamp', 3)]],
      [
        'one role twice',
        [file('root', 9), file('targets', 9), file('targets', 9), file('timestamp', 9)],
      ],
    ] as const) {
      the(`refuses an update with ${what} and keeps nothing of it`, async (store) => {
        await store.publish(gun, [file('targets', 3), file('timestamp', 3)], now);
        await assert.rejects(store.publish(gun, files, now), conflict);
        assert.equal(await store.current(gun, root), undefined);
        assert.equal((await store.current(gun, targets))?.version, 3);
        assert.equal((await store.current(gun, timestamp))?.version, 3);
        assert.equal((await store.changes({ from: { afterId: 0 }, limit: 10 })).length, 1);
      });
    }

    the(
      'publishes over the standing that the files were made over, and no other',
      async (store) => {
        await store.publish(gun, [file('timestamp', 1)], now, 0);
        await assert.rejects(store.publish(gun, [file('timestamp', 2)], now, 0), conflict);
        await store.publish(gun, [file('timestamp', 2)], now, 1);
        await assert.rejects(store.publish(gun, [file('timestamp', 4)], now, 3), conflict);
        await store.deleteAll(gun, [], now);
        await assert.rejects(store.publish(gun, [file('timestamp', 3)], now, 2), conflict);
        assert.equal(await store.current(gun, timestamp), undefined);
        // Whoever decided before the first publish: nothing is published again, and yet it moved.
        await assert.rejects(store.publish(gun, [file('timestamp', 1)], now, 0), conflict);
        await store.publish(gun, [file('timestamp', 3)], now, -2);
        assert.equal((await store.changes({ from: { afterId: 0 }, limit: 9 })).length, 4);
      },
    );

    the('forgets a GUN only at the standing that was asked for', async (store) => {
      await store.deleteAll(gun, [], now, 0);
      await store.publish(gun, [file('timestamp', 1)], now);
      await assert.rejects(store.deleteAll(gun, ['a'], now, 0), conflict);
      await assert.rejects(store.deleteAll(gun, ['a'], now, 2), conflict);
      assert.equal((await store.current(gun, timestamp))?.version, 1);
      assert.deepEqual([...(await store.retired(gun)).rootKeyIds], []);
      await store.deleteAll(gun, ['b'], now, 1);
      assert.equal(await store.current(gun, timestamp), undefined);
      assert.deepEqual([...(await store.retired(gun)).rootKeyIds], ['b']);
    });

    the('lets one of many racing updates win', async (store) => {
      const race = Array.from({ length: 10 }, (_, i) =>
        store.publish(gun, [file('targets', 1, `${i}`), file('timestamp', 1, `${i}`)], now),
      );
      const ends = await Promise.allSettled(race);
      assert.equal(ends.filter((end) => end.status === 'fulfilled').length, 1);
      for (const end of ends) {
        if (end.status === 'rejected') assert.equal(end.reason.code, conflict.code);
      }
      assert.equal((await store.changes({ from: 'newest', limit: 100 })).length, 1);
    });

    the('publishes nothing when there is nothing to publish', async (store) => {
      await store.publish(gun, [], now);
      assert.deepEqual(await store.changes({ from: { afterId: 0 }, limit: 10 }), []);
    });

    the('refuses files without a timestamp as a programming mistake', async (store) => {
      await assert.rejects(store.publish(gun, [file('targets', 1)], now), TypeError);
    });

    the('writes one change per update, of the timestamp', async (store) => {
      const published = file('timestamp', 7);
      await store.publish(gun, [file('targets', 1), published], now);
      const [change, ...rest] = await store.changes({ from: { afterId: 0 }, limit: 10 });
      assert.deepEqual(rest, []);
      assert.ok(change && change.id > 0);
      const { sha256 } = published;
      assert.deepEqual(change, {
        id: change.id,
        createdAt: now,
        gun,
        version: 7,
        sha256,
        category: 'update',
      });
    });

    the('forgets a GUN and says so once', async (store) => {
      await store.publish(gun, [file('targets', 1), file('timestamp', 1)], now);
      await store.publish(other, [file('targets', 1), file('timestamp', 1)], now);
      await store.deleteAll(gun, ['a', 'b'], now);
      await store.deleteAll(gun, ['a', 'b'], now);
      assert.equal(await store.current(gun, targets), undefined);
      assert.equal(await store.byChecksum(gun, targets, file('targets', 1).sha256), undefined);
      assert.equal((await store.current(other, targets))?.version, 1);
      const [deletion, ...rest] = await store.changes({ from: { afterId: 2 }, limit: 10 });
      assert.deepEqual(rest, []);
      assert.deepEqual(
        [deletion?.gun, deletion?.version, deletion?.sha256, deletion?.category],
        [gun, 0, undefined, 'deletion'],
      );
      await store.publish(gun, [file('targets', 1), file('timestamp', 1)], now);
      assert.equal((await store.current(gun, targets))?.version, 1);
    });

    the(
      'remembers how far the roles of a deleted GUN had come, through all deletions',
      async (store) => {
        const known = async () => {
          const { versions, rootKeyIds } = await store.retired(gun);
          return [Object.fromEntries(versions), [...rootKeyIds].sort()];
        };
        assert.deepEqual(await known(), [{}, []]);
        await store.deleteAll(gun, ['none'], now);
        assert.deepEqual(await known(), [{}, []]);
        await store.publish(gun, [file('targets', 3), file('timestamp', 1)], now);
        await store.publish(gun, [file('targets', 5), file('timestamp', 2)], now);
        await store.deleteAll(gun, ['a'], now);
        assert.deepEqual(await known(), [{ targets: 5, timestamp: 2 }, ['a']]);
        await store.publish(gun, [file('root', 1), file('targets', 2), file('timestamp', 9)], now);
        await store.deleteAll(gun, ['a', 'b'], now);
        assert.deepEqual(await known(), [{ root: 1, targets: 5, timestamp: 9 }, ['a', 'b']]);
        assert.deepEqual((await store.retired(other)).versions, new Map());
      },
    );

    the('lists changes forward, backward and from the end, oldest first', async (store) => {
      for (let i = 1; i <= 4; i++) await store.publish(gun, [file('timestamp', i)], now);
      await store.publish(other, [file('timestamp', 1)], now);
      const all = (await store.changes({ from: { afterId: 0 }, limit: 10 })).map(({ id }) => id);
      const third = all[2] ?? 0;
      for (const [query, expected] of [
        [{ from: { afterId: 0 }, limit: 2 }, all.slice(0, 2)],
        [{ from: { afterId: third }, limit: 9 }, all.slice(3)],
        [{ from: { afterId: third }, limit: 9, gun }, all.slice(3, 4)],
        [{ from: { beforeId: third }, limit: 1 }, all.slice(1, 2)],
        [{ from: { beforeId: third }, limit: 9, gun: other }, []],
        [{ from: 'newest', limit: 2 }, all.slice(3)],
        [{ from: 'newest', limit: 2, gun }, all.slice(2, 4)],
        [{ from: { afterId: all[4] ?? 0 }, limit: 9 }, []],
      ] as const) {
        const found = (await store.changes(query)).map(({ id }) => id);
        assert.deepEqual(found, expected, JSON.stringify(query));
      }
    });
  });
}

function file(role: string, version: number, more = ''): FileVersion {
  const bytes = utf8(`${role} ${version} é${more}`);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { role: parseRoleName(role), version, sha256, bytes };
}
