/**
 * The flows between clients and servers that an operator relies on, by their numbers, in every
 * combination that there is: the Go client and our client publish and read in turn on one repository, on
 * Debian's notary-server, on ours, and on each of the two with the other one's signer.
 *
 * Docker's own commands for flows 1 to 3 and 9 are in seed-content-trust.test.ts, tokens (16) in
 * interop-tokens.test.ts, what the signers read of each other's databases (17) in signer-database.test.ts.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  authorityOf,
  type DelegationName,
  findTarget,
  listTargets,
  parseDelegationName,
  parseFixpoint,
  parseGun,
  parseRoleName,
  releasesRole,
  serializeEnvelope,
} from '../../src/tuf/index.ts';
import { succeeded } from '../support/command.ts';
import {
  certifiedKey,
  hex,
  legacyKeys,
  openssl,
  Person,
  publicKeyFile,
  recordSet,
  rsaKey,
  startMirror,
  target,
} from '../support/flow-person.ts';
import { type FlowPlace, flowPlaces } from '../support/flow-places.ts';
import { partsOf, SimulatedPublisher } from '../support/simulated-publisher.ts';
import { wireRequest } from '../support/wire-request.ts';

for (const [name, open] of Object.entries(flowPlaces)) {
  describe(`on ${name}`, () => {
    const gun = parseGun('127.0.0.1:5000/app/demo');
    const folder = mkdtempSync(join(tmpdir(), 'cm-flows-'));
    const undo = new AsyncDisposableStack();
    let place: FlowPlace;
    let publisher: Person;
    let old: Person;
    before(async () => {
      place = await open(undo);
      publisher = new Person(place, folder, 'publisher');
      old = new Person(place, folder, 'old');
    });
    after(async () => {
      await undo[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    });
    const everybodySees = async (...names: string[]) => {
      for (const reader of [old, new Person(place, folder, `fresh-${Math.random()}`)]) {
        assert.deepEqual(await reader.names(gun), names.sort());
        assert.deepEqual(await reader.goNames(gun), names);
      }
    };

    test('flow 1: a first publish is listed', async () => {
      await publisher.publish(gun, [target('v1')]);
      await publisher.go('addhash', gun, 'v2', '1', '--sha256', hex('v2'), '-p');
      await everybodySees('v1', 'v2');
    });

    test('flow 2: what was never signed is told apart from what does not exist', async () => {
      assert.match((await old.run('lookup', gun, 'nope')).stdout, /No valid trust data for nope/);
      const none = await old.run('list', '127.0.0.1:5000/app/none');
      assert.match(none.stdout, /does not have trust data for 127.0.0.1:5000\/app\/none/);
    });

    test('flows 3 and 15: a signer is added with a key that the other client reads', async () => {
      const { key } = await publisher.keys.create('jeff');
      await publisher.publish(gun, [{ kind: 'add-signer', name: 'jeff', keys: [key] }]);
      assert.match(await publisher.go('delegation', 'list', gun), /targets\/jeff\s+"" <all paths>/);
      assert.match(await publisher.go('key', 'list'), /^jeff /m);
    });

    test('flow 4: releases wins over targets', async () => {
      for (const [role, content] of [
        ['targets', 'former'],
        ['targets/releases', 'released'],
      ] as const) {
        await publisher.go('addhash', gun, 'x', '5', '-r', role, '--sha256', hex(content), '-p');
      }
      const found = findTarget((await old.open(gun)).set, 'x');
      assert.equal(found.role, 'targets/releases');
      const listed = await publisher.go('list', gun, '-r', 'targets/releases');
      assert.match(listed, new RegExp(`x\\s+${hex('released')}`));
    });

    test('flow 5: a client at root 1 follows three rotations', async () => {
      for (let i = 0; i < 3; i++) await publisher.go('key', 'rotate', gun, 'root');
      assert.equal((await old.open(gun)).set.root.version, 4);
      await everybodySees('v1', 'v2', 'x');
    });

    test('flow 6: every key is rotated, and old caches and new readers read on', async () => {
      for (const how of [['snapshot'], ['snapshot', '-r'], ['timestamp', '-r'], ['targets']]) {
        await publisher.go('key', 'rotate', gun, ...how);
        await everybodySees('v1', 'v2', 'x');
      }
    });

    test('flow 7: a witnessed role is one version further', async () => {
      const version = async () =>
        (await old.open(gun)).set.targets.get('targets/releases' as never)?.file.version ?? 0;
      const before = await version();
      await publisher.go('witness', gun, 'targets/releases', '-p');
      assert.equal(await version(), before + 1);
    });

    test('flow 8: a delegation that is removed is gone', async () => {
      await publisher.go('delegation', 'remove', gun, 'targets/jeff', '-y', '-p');
      assert.doesNotMatch(await publisher.go('delegation', 'list', gun), /targets\/jeff/);
    });

    test('flow 9: a revoked tag is refused, and signed again it is there', async () => {
      await publisher.go('remove', gun, 'v1', '-p');
      await everybodySees('v2', 'x');
      await publisher.go('addhash', gun, 'v1', '1', '--sha256', hex('v1'), '-p');
      await everybodySees('v1', 'v2', 'x');
    });

    test('flows 11 and 12: an older set is a rollback, and a changed byte is found', async () => {
      const recorded = await recordSet(place.url, gun);
      await publisher.go('addhash', gun, 'v3', '1', '--sha256', hex('v3'), '-p');
      await everybodySees('v1', 'v2', 'v3', 'x');
      await using mirror = await startMirror(recorded);
      const behind = new Person(mirror, folder, 'old');
      assert.match(
        (await behind.run('list', gun)).stdout,
        /version \d+ is lower than current version \d+/,
      );
      await assert.rejects(behind.open(gun), { code: 'TUF_ROLLBACK' });

      for (const [path, bytes] of recorded) {
        if (!path.includes('/targets.')) continue;
        const changed = Buffer.from(bytes);
        changed[changed.length - 9] = changed.at(-9) === 0x78 ? 0x79 : 0x78;
        recorded.set(path, changed);
      }
      const fresh = new Person(mirror, folder, 'cheated');
      assert.match((await fresh.run('list', gun)).stdout, /checksum for targets did not match/);
      await assert.rejects(fresh.open(gun), { code: 'TUF_HASH_MISMATCH' });
    });

    test('flow 13: offline, notary reads its cache and publishes nothing; ours reads nothing', async () => {
      const offline = new Person({ url: 'http://127.0.0.1:1' }, folder, 'old');
      assert.deepEqual(await offline.goNames(gun), ['v1', 'v2', 'v3', 'x']);
      await assert.rejects(offline.open(gun), { code: 'REMOTE_UNREACHABLE' });
      const away = new Person({ url: 'http://127.0.0.1:1' }, folder, 'publisher');
      assert.equal((await away.run('publish', gun)).code, 1);
    });

    test('flow 10: an expired timestamp is told as that', async () => {
      const fixture = new URL('../fixtures/notary/expired-timestamp/', import.meta.url);
      const read = (file: string) => readFileSync(new URL(file, fixture));
      const expired = parseGun(read('GUN').toString().trim());
      const base = `/v2/${expired}/_trust/tuf/`;
      const files = ['root.json', 'timestamp.json'].map(
        (file) => [base + file, read(`server/${file}`)] as const,
      );
      await using mirror = await startMirror(new Map([['/v2/', Buffer.from('{}')], ...files]));
      const reader = new Person(mirror, folder, 'expired');
      assert.match(
        (await reader.run('list', expired)).stdout,
        /timestamp expired at Mon Jan {1,2}1 00:00:00 UTC 2024/,
      );
      await assert.rejects(reader.open(expired), { code: 'TUF_EXPIRED' });
    });

    // Nobody turns back the clock of notary-server.
    if (name.startsWith('our server'))
      test('flow 10: a timestamp that expired in the database is renewed by the next GET', async () => {
        const { trust = assert.fail() } = place;
        const gun = parseGun('127.0.0.1:5000/app/expired');
        const then = new Date(Date.now() - 15 * 86_400_000);
        const owner = new SimulatedPublisher(trust, gun, then);
        await trust.accept(gun, partsOf(await owner.initialise(then)), then);
        const stored = (await trust.byVersion(gun, 'timestamp', 1)) ?? assert.fail();
        assert.ok(parseFixpoint('timestamp', stored.bytes).expiresAt < new Date());
        assert.deepEqual(await old.goNames(gun), []);
        assert.equal((await old.open(gun)).set.timestamp.version, 2);
      });

    test('flow 15: keys in the layout of notary before 0.4 are read by ours, and moved by notary', async () => {
      const person = new Person(place, folder, 'legacy');
      const ids = await legacyKeys(person.folder, gun);
      const found = (await person.keys.keys()).map(({ id, role }) => `${role} ${id}`);
      assert.deepEqual(found.sort(), ids.map(({ id, role }) => `${role} ${id}`).sort());
      for (const { id } of ids) assert.equal((await person.keys.signer(id as never)).key.id, id);
      const listed = await person.go('key', 'list');
      for (const { id, role } of ids) assert.match(listed, new RegExp(`^ *${role} .*${id}`, 'm'));
      const moved = globSync('private/**/*.key', { cwd: person.folder });
      assert.deepEqual(moved.sort(), ids.map(({ id }) => `private/${id}.key`).sort());
      for (const { id } of ids) {
        const again = new Person(place, folder, 'legacy').keys;
        assert.equal((await again.signer(id as never)).key.id, id);
      }
    });

    test('flow 17: the server finds its signer healthy, and the keys are those that it made', async () => {
      const health = await wireRequest(`${place.url}/_notary_server/health`);
      if (!place.trust) assert.deepEqual([health.status, String(health.body)], [200, '{}']);
      const { root } = (await old.open(gun)).set;
      for (const role of ['timestamp', 'snapshot'] as const) {
        const { keys } = authorityOf(root.signed, role);
        const types = [...keys.values()].map(({ keyType }) => keyType);
        if (role === 'timestamp') assert.deepEqual(types, [place.serverKeys]);
      }
    });

    test('flow 18: what all of them wrote is written again by us, byte for byte', async () => {
      const recorded = await recordSet(place.url, gun);
      let count = 0;
      for (const [path, bytes] of recorded) {
        const role = /_trust\/tuf\/([^.]+)\./.exec(path)?.[1];
        if (role === undefined) continue;
        const file = parseFixpoint(parseRoleName(role), bytes);
        assert.deepEqual(
          Buffer.from(serializeEnvelope(file.payload, file.signatures)),
          bytes,
          path,
        );
        count++;
      }
      assert.ok(count >= 5, `${count} files`);
    });

    test('flow 19: a name of odd characters is listed as it was given', async () => {
      const odd = 'a<b>&c é"\\';
      await publisher.go('addhash', gun, odd, '1', '--sha256', hex('odd'), '-p');
      assert.ok((await old.names(gun)).includes(odd));
      assert.ok((await old.go('list', gun)).includes(`${odd} `));
      await publisher.publish(gun, [{ kind: 'remove-target', name: odd }]);
      await publisher.publish(gun, [target(odd)]);
      assert.ok((await old.go('list', gun)).includes(`${odd} `));
      await publisher.publish(gun, [{ kind: 'remove-target', name: odd }]);
      await everybodySees('v1', 'v2', 'v3', 'x');
    });

    test('flow 20: an RSA root under a wildcard name, and an RSA delegation', async () => {
      const rsa = parseGun('127.0.0.1:5000/rsa/demo');
      const root = await rsaKey(folder, 'root', '/CN=127.0.0.1:5000\\/rsa\\/*');
      const jane = await rsaKey(folder, 'jane', '/CN=jane');
      const bare = ['rsa', '-in', jane.key, '-passin', 'env:PASSPHRASE', '-out', jane.key];
      succeeded(await openssl(...bare));
      const rootFiles = ['--rootkey', root.key, '--rootcert', root.certificate];
      await publisher.go('init', rsa, ...rootFiles, '-p');
      await publisher.go('key', 'import', jane.key, '-r', 'jane');
      const role = 'targets/jane';
      await publisher.go('delegation', 'add', rsa, role, jane.certificate, '--all-paths', '-p');
      await publisher.go('addhash', rsa, 'v1', '1', '-r', role, '--sha256', hex('rsa'), '-p');
      const { set } = await old.open(rsa);
      assert.deepEqual(
        [set.root, set.targets.get(role as never)?.file].map((file) => file?.signatures[0]?.method),
        ['rsapss', 'rsapss'],
      );
      assert.equal(findTarget(set, 'v1', { roles: [role as never] }).role, role);
      assert.deepEqual(await old.goNames(rsa), ['v1']);
      // Our client goes on with the key that notary imported.
      await publisher.publish(rsa, [target('v2')]);
      assert.deepEqual(await old.goNames(rsa), ['v1', 'v2']);
    });

    test('flow 20: a root certificate of a wildcard name, pinned by its authority', async () => {
      const ca = parseGun('127.0.0.1:5000/ca/demo');
      const own = await certifiedKey(folder, '/CN=127.0.0.1:5000\\/ca\\/*');
      const other = await certifiedKey(folder, '/CN=127.0.0.1:5000\\/other\\/*');
      await publisher.go('init', ca, '--rootkey', own.key, '--rootcert', own.certificate, '-p');
      await publisher.go('addhash', ca, 'v1', '1', '--sha256', hex('v1'), '-p');
      for (const [name, authority, said] of [
        ['pinned', own.authority, /^v1\s/m],
        ['misled', other.authority, /could not validate the path to a trusted root/],
      ] as const) {
        const config = join(folder, `${name}.json`);
        const pinning = { ca: { '127.0.0.1:5000/ca/': authority }, disable_tofu: true };
        writeFileSync(config, JSON.stringify({ trust_pinning: pinning }));
        const reader = new Person(place, folder, name);
        assert.match((await reader.run('-c', config, 'list', ca)).stdout, said);
      }
      await publisher.publish(ca, [target('v2')]);
      assert.deepEqual(await old.names(ca), ['v1', 'v2']);
    });

    // What waits knows no signer: once on each server is enough.
    if (!name.includes(' with ')) {
      const staged = parseGun('127.0.0.1:5000/app/staged');

      test('what notary began and staged is listed and published by ours', async () => {
        const custom = join(folder, 'custom.json');
        writeFileSync(custom, '{"by":"notary","n":[1,2]}');
        const long = createHash('sha512').update('v1').digest('hex');
        const content = ['2', '--sha256', hex('v1'), '--sha512', long, '--custom', custom];
        const jane = publicKeyFile(await publisher.keys.create('jane'), folder);
        await publisher.go('init', staged);
        await publisher.go('addhash', staged, 'v1', ...content);
        await publisher.go('delegation', 'add', staged, releasesRole, jane, '--all-paths');
        await publisher.go('addhash', staged, 'v2', ...content, '-r', releasesRole);
        await publisher.go('remove', staged, 'v0');
        await publisher.go('witness', staged, 'root', 'targets');
        const all = await publisher.goStaged(staged);
        assert.deepEqual([await publisher.staged(staged), all.length], [all, 7]);
        // A list with a witnessed root is none that notary can publish.
        assert.match((await publisher.run('publish', staged)).stdout, /not yet supported: witness/);
        assert.equal(await publisher.publishStaged(staged), 7);
        assert.deepEqual(await publisher.goStaged(staged), []);
        for (const reader of [publisher, new Person(place, folder, 'stranger')]) {
          assert.deepEqual(await reader.goNames(staged), ['v1', 'v2']);
          const { custom, hashes } = findTarget((await reader.open(staged)).set, 'v2');
          assert.deepEqual(custom, { by: 'notary', n: [1, 2] });
          assert.equal(Buffer.from(hashes.get('sha512') ?? '').toString('hex'), long);
        }
      });

      test('what ours staged is listed, reset and published by notary', async () => {
        const { key } = await publisher.keys.create('kim');
        const [kim, lee, mia] = ['kim', 'lee', 'mia'].map((each) =>
          parseDelegationName(`targets/${each}`),
        ) as [DelegationName, DelegationName, DelegationName];
        const keyIds = [key.canonicalId];
        await publisher.stage(staged, [
          { kind: 'witness', role: 'targets' },
          { kind: 'remove-target', name: 'v1' },
          target('v3'),
          { kind: 'add-delegation', name: kim, keys: [key], paths: ['a', 'b'] },
          { kind: 'trim-delegation', name: kim, keyIds: [], paths: ['a'] },
          { kind: 'add-delegation', name: lee, keys: [key], paths: [''] },
          { kind: 'trim-delegation', name: lee, keyIds, paths: [], isEveryPath: true },
          { kind: 'add-delegation', name: mia, keys: [key], paths: [''] },
          { kind: 'remove-delegation', name: mia },
        ]);
        const all = await publisher.goStaged(staged);
        assert.deepEqual([await publisher.staged(staged), all.length], [all, 9]);
        await publisher.go('reset', staged, '-n', '0');
        assert.deepEqual(await publisher.staged(staged), all.slice(1));
        await publisher.go('publish', staged);
        assert.deepEqual(await publisher.staged(staged), []);
        const { set } = await new Person(place, folder, 'stranger').open(staged);
        assert.deepEqual(
          listTargets(set)
            .map((each) => each.name)
            .sort(),
          ['v2', 'v3'],
        );
        const { roles } = set.targets.get('targets')?.file.signed.delegations ?? assert.fail();
        assert.deepEqual(
          roles.slice(1).map((role) => [role.name, role.paths, role.keyIds]),
          [
            [kim, ['b'], [key.id]],
            [lee, [], []],
          ],
        );
        await publisher.stage(staged, [{ kind: 'purge-keys', keyIds }]);
        await publisher.go('publish', staged);
        const left = await old.go('delegation', 'list', staged);
        assert.match(left, /targets\/kim/);
        assert.ok(!left.includes(key.canonicalId), left);
      });
    }

    test('flow 14: of publishers who race, the changes of all who won are there', async () => {
      const names = ['r1', 'r2', 'r3', 'r4'];
      await Promise.all(
        names.map((tag, i) =>
          new Person(place, folder, `racer-${i}`).publish(gun, [target(tag)], publisher.keys),
        ),
      );
      await everybodySees('v1', 'v2', 'v3', 'x', ...names);
    });
  });
}
