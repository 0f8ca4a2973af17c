/**
 * The flows between clients and servers that an operator relies on, with our command line in the
 * client's place, on Debian's notary-server and on ours. Whatever ours did is read by notary 0.7.0 and
 * whatever notary did is read by ours, by people with an old cache and by people without one.
 *
 * Elsewhere: the library alone (interop-flows.test.ts); what a signer is asked (17) in signer-peers.test.ts;
 * every fixture's bytes (18) and Ed25519 keys (20) in src/tuf/fixtures.test.ts; an expired timestamp in
 * a server's database (10) in src/trust.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { utf8 } from '../../src/base/index.ts';
import { type Gun, parseGun } from '../../src/tuf/index.ts';
import { succeeded } from '../support/command.ts';
import { DockerCli } from '../support/docker-cli.ts';
import { buildImage } from '../support/docker-images.ts';
import { type Engine, startEngine } from '../support/engine.ts';
import { hex, openssl, recordSet, rsaKey } from '../support/flow-person.ts';
import { flowPlaces } from '../support/flow-places.ts';
import { type ReferencePair, startReferencePair } from '../support/peers-reference.ts';
import { TrustFront } from '../support/trust-front.ts';
import { TrustPerson, type TrustPlace } from '../support/trust-person.ts';
import { trustPlaces } from '../support/trust-places.ts';

let registry: ReferencePair;
let engine: Engine;
before(async () => {
  registry = await startReferencePair();
  engine = await startEngine();
});
after(async () => {
  await engine?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
});

for (const [name, open] of Object.entries(trustPlaces)) {
  describe(`on ${name}`, () => {
    const people: TrustPerson[] = [];
    let place: TrustPlace & AsyncDisposable;
    let gun: Gun;
    let paula: TrustPerson;
    let old: TrustPerson;
    const someone = (at: TrustPlace = place) => {
      const person = new TrustPerson(at);
      person.engineHost = engine.host;
      people.push(person);
      return person;
    };
    const addTag = (tag: string, content: string, role = 'targets') =>
      paula.notary('addhash', gun, tag, '5', '--sha256', hex(content), '-r', role, '-p');
    /** Both clients, with what they saw before and with nothing. */
    const everybodySees = async (...tags: string[]) => {
      for (const reader of [old, someone()]) {
        assert.deepEqual(await reader.ourTags(gun), tags);
        assert.deepEqual(await reader.notaryTags(gun), tags);
      }
    };
    const versionOf = (role: string, { trust }: TrustPerson) =>
      JSON.parse(readFileSync(join(trust, 'tuf', gun, 'metadata', `${role}.json`), 'utf8')).signed
        .version as number;

    before(async () => {
      place = await open();
      gun = parseGun(`${registry.registry}/app/${name.replaceAll(' ', '-')}`);
      paula = someone();
      old = someone();
      using docker = new DockerCli(engine.host);
      for (const tag of ['v1', 'v2', 'v3']) await buildImage(docker, `${gun}:${tag}`);
    });
    after(async () => {
      for (const person of people) person[Symbol.dispose]();
      await place?.[Symbol.asyncDispose]();
    });

    test('flow 1: a first push is signed, and notary lists it', async () => {
      const { stdout } = succeeded(await paula.docker('push', `${gun}:v1`));
      assert.match(stdout, /Finished initializing "/);
      assert.match(stdout, new RegExp(`Successfully signed ${gun}:v1`));
      assert.match(await paula.notary('list', gun), /^v1 .*targets\s*$/m);
      await everybodySees('v1');
    });

    test('flow 2: a stranger pulls it; what was never signed is told apart from what is not there', async () => {
      const stranger = someone();
      const { stdout } = succeeded(await stranger.docker('pull', `${gun}:v1`));
      assert.match(stdout, /^Pull \(1 of 1\): .*v1@sha256:/m);
      const unsigned = await stranger.docker('pull', `${gun}:nope`);
      assert.match(unsigned.stderr, /No valid trust data for nope/);
      const none = await stranger.docker('pull', `${registry.registry}/app/none:x`);
      assert.match(none.stderr, /remote trust data does not exist/);
      assert.deepEqual([unsigned.code, none.code], [1, 1]);
    });

    test('flow 3: a signer is added and signs, and notary sees the delegation', async () => {
      await paula.ours('key', 'generate', 'jeff', '--dir', paula.folder);
      await paula.ours('signer', 'add', '--key', join(paula.folder, 'jeff.pub'), 'jeff', gun);
      await paula.ours('sign', `${gun}:v1`);
      assert.match(await paula.ours('inspect', '--pretty', gun), /^v1 +[0-9a-f]{64} +jeff$/m);
      const listed = await paula.notary('delegation', 'list', gun);
      for (const role of ['jeff', 'releases']) {
        assert.match(listed, new RegExp(`^targets/${role}\\s+"" <all paths>`, 'm'));
      }
      const rows = JSON.parse(await old.ours('delegation', 'ls', '--json', gun));
      assert.deepEqual(
        rows.map((row: { role: string; paths: string[] }) => [row.role, row.paths]),
        ['targets/jeff', 'targets/releases'].map((role) => [role, ['']]),
      );
    });

    test('flow 4: what is released wins over targets', async () => {
      await addTag('x', 'former');
      await addTag('x', 'released', 'targets/releases');
      const { stdout } = await old.docker('pull', `${gun}:x`);
      assert.match(stdout, new RegExp(`x@sha256:${hex('released')}`));
      assert.match(
        await old.notary('list', gun, '-r', 'targets/releases'),
        new RegExp(hex('released')),
      );
    });

    test('flow 5: clients at root 1 follow three rotations', async () => {
      assert.equal(versionOf('root', old), 1);
      for (let i = 0; i < 3; i++) await paula.ours('key', 'rotate', '-y', gun, 'root');
      await everybodySees('v1', 'x');
      assert.equal(versionOf('root', old), 4);
    });

    test('flow 6: every key is rotated by either client, and old caches and new readers read on', async () => {
      for (const how of [['snapshot'], ['snapshot', '-r'], ['timestamp', '-r'], ['targets']]) {
        await paula.ours('key', 'rotate', '-y', gun, ...how);
        await everybodySees('v1', 'x');
        succeeded(await old.docker('pull', `${gun}:v1`));
      }
      for (const how of [['root'], ['snapshot'], ['snapshot', '-r'], ['targets']]) {
        await paula.notary('key', 'rotate', gun, ...how);
      }
      await everybodySees('v1', 'x');
      await paula.ours('key', 'rotate', '-y', gun, 'jeff');
      await everybodySees('v1', 'x');
    });

    test('flow 7: a role that either client witnesses is one version further', async () => {
      await old.ours('inspect', gun);
      const before = versionOf('targets/releases', old);
      assert.match(await paula.ours('witness', gun, 'targets/releases'), /^Witnessed .* 2 tags$/m);
      await paula.notary('witness', gun, 'targets/releases', '-p');
      await old.ours('inspect', gun);
      assert.equal(versionOf('targets/releases', old), before + 2);
    });

    test('flow 8: a delegation that is removed is gone, and its key with it', async () => {
      await paula.ours('delegation', 'rm', '-y', gun, 'targets/jeff');
      assert.doesNotMatch(await old.notary('delegation', 'list', gun), /targets\/jeff/);
      const [shown] = JSON.parse(await old.ours('inspect', gun));
      assert.deepEqual(shown.Signers, []);
      // Only what docker's `signer remove` is meant to do takes the key out of targets/releases too.
      await paula.ours('key', 'generate', 'kate', '--dir', paula.folder);
      await paula.ours('signer', 'add', '--key', join(paula.folder, 'kate.pub'), 'kate', gun);
      assert.match(await old.notary('delegation', 'list', gun), /targets\/kate/);
      await paula.ours('signer', 'remove', '-f', 'kate', gun);
      assert.doesNotMatch(await old.notary('delegation', 'list', gun), /targets\/kate/);
    });

    test('flow 9: revoked, nothing is pulled; signed again, it is', async () => {
      await paula.ours('revoke', '-y', gun);
      assert.deepEqual(await old.notaryTags(gun), []);
      assert.equal((await old.docker('pull', `${gun}:v1`)).code, 1);
      await paula.ours('sign', `${gun}:v1`);
      succeeded(await old.docker('pull', `${gun}:v1`));
      await everybodySees('v1');
    });

    test('flows 11 and 12: an older set is a rollback, and a changed byte is found', async () => {
      const recorded = await recordSet(place.url, gun);
      succeeded(await paula.docker('push', `${gun}:v2`));
      await everybodySees('v1', 'v2');
      await using mirror = await TrustFront.start(recorded);
      const behind = old.at(mirror);
      const refused = await behind.runOurs(['inspect', gun]);
      assert.deepEqual([refused.code, /TUF_ROLLBACK/.test(refused.stderr)], [1, true]);
      assert.equal((await behind.docker('pull', `${gun}:v1`)).code, 1);
      await using spoiling = await TrustFront.start(spoilTargets(recorded));
      const cheated = await someone(spoiling).runOurs(['doctor', `${gun}:v1`]);
      assert.equal(cheated.code, 1);
      assert.match(
        cheated.stdout,
        /^FAIL {2}targets +targets\n +TUF_HASH_MISMATCH: .*\n +rule: .*\n +remedy: /m,
      );
    });

    test('flow 13: offline, ours reads nothing unless told, and a push fails after it pushed', async () => {
      const away = old.at({ url: 'https://127.0.0.1:1' });
      const refused = await away.docker('pull', `${gun}:v1`);
      assert.equal(refused.code, 1);
      const told = await away.docker('--offline', 'pull', `${gun}:v1`);
      assert.deepEqual([told.code, /warning/i.test(told.stderr)], [0, true], told.stderr);
      const push = await paula.at({ url: 'https://127.0.0.1:1' }).docker('push', `${gun}:v3`);
      assert.notEqual(push.code, 0);
      assert.match(push.stdout, /v3: digest: sha256:/);
      await everybodySees('v1', 'v2');
    });

    test('flow 10: an expired timestamp is told as that', async () => {
      const fixture = new URL('../fixtures/notary/expired-timestamp/', import.meta.url);
      const read = (file: string) => readFileSync(new URL(file, fixture));
      const expired = read('GUN').toString().trim();
      const base = `/v2/${expired}/_trust/tuf/`;
      const files = ['root.json', 'timestamp.json'].map(
        (file) => [base + file, read(`server/${file}`)] as const,
      );
      await using mirror = await TrustFront.start(new Map([['/v2/', utf8('{}')], ...files]));
      const { code, stdout } = await someone(mirror).runOurs(['doctor', `${expired}:v1`]);
      assert.equal(code, 1);
      assert.match(
        stdout,
        /^FAIL {2}timestamp .*\n +TUF_EXPIRED: timestamp expired at 2024-01-01/m,
      );
    });

    test('flow 14: of publishers who race, the changes of all who won are there', async () => {
      const names = ['r1', 'r2', 'r3', 'r4'];
      const ended = await Promise.all(
        names.map(async (signer) => {
          const racer = paula.copy('private', 'tuf');
          people.push(racer);
          await racer.ours('key', 'generate', signer, '--dir', racer.folder);
          const key = join(racer.folder, `${signer}.pub`);
          return await racer.runOurs(['signer', 'add', '--key', key, signer, gun]);
        }),
      );
      assert.deepEqual(
        ended.map(({ code }) => code),
        [0, 0, 0, 0],
      );
      const listed = await old.notary('delegation', 'list', gun);
      for (const signer of names) assert.match(listed, new RegExp(`^targets/${signer} `, 'm'));
    });

    test('flow 15: each client opens the keys of the other', async () => {
      const listed = await paula.notary('key', 'list');
      const keys: { id: string }[] = JSON.parse(await paula.ours('key', 'ls', '--json'));
      for (const { id } of keys) assert.match(listed, new RegExp(id));
      const made = await paula.notary('key', 'generate', 'ecdsa', '-r', 'root');
      const [id = ''] = /[0-9a-f]{64}/.exec(made) ?? [];
      assert.match(await paula.ours('key', 'ls'), new RegExp(`^root .*${id}`, 'm'));
    });

    test('flow 16: tokens are asked for with the scopes of a registry, one per command', async () => {
      await using front = await TrustFront.start(place.url, { wantsToken: true });
      const reader = someone(front);
      await reader.ours('inspect', gun);
      assert.deepEqual(front.scopes, [`repository:${gun}:pull`]);
      front.reset();
      await paula.at(front).ours('witness', gun, 'targets');
      assert.deepEqual(front.scopes, [`repository:${gun}:push,pull`]);
      front.reset();
      await paula.at(front).ours('revoke', '-y', gun);
      assert.deepEqual(front.scopes, [`repository:${gun}:push,pull`]);
      await paula.ours('sign', `${gun}:v1`);
    });

    test('a command makes one connection, and asks for each file once', async () => {
      await using front = await TrustFront.start(place.url);
      for (const [args, timestamps] of [
        [['inspect', gun, `${gun}:v1`], 1],
        [['delegation', 'ls', gun], 1],
        [['expiry', gun], 1],
        // And once more to see that the server shows what it accepted.
        [['witness', gun, 'targets'], 2],
        [['revoke', `${gun}:v1`], 2],
        [['key', 'rotate', '-y', '-r', gun, 'timestamp'], 3],
      ] as const) {
        front.reset();
        await paula.at(front).ours(...args);
        const asked = front.requests.filter((line) => line.endsWith('/timestamp.json'));
        assert.deepEqual([front.connections, asked.length], [1, timestamps], args.join(' '));
        const files = front.requests.filter((line) => /\.[0-9a-f]{64}\.json$/.test(line));
        assert.equal(new Set(files).size, files.length, args.join(' '));
      }
    });

    test('flow 18: what is kept are the bytes that were served, by ours as by notary', async () => {
      const reader = someone();
      await reader.ours('inspect', gun);
      const recorded = await recordSet(place.url, gun);
      const served = [...recorded.values()].map((bytes) => bytes.toString('latin1'));
      const kept = keptBy(reader, gun);
      assert.deepEqual([...kept.keys()].slice(0, 3), ['root', 'snapshot', 'targets']);
      for (const [role, bytes] of kept) assert.ok(served.includes(bytes), role);
      const other = someone();
      await other.notary('list', gun);
      assert.deepEqual(keptBy(other, gun), kept);
    });

    test('flow 19: a name of odd characters is shown as it was given', async () => {
      const odd = 'a<b>&c_é"';
      await addTag(odd, 'odd', 'targets/releases');
      assert.ok((await old.ourTags(gun)).includes(odd));
      assert.ok((await old.notaryTags(gun)).includes(odd));
      await paula.ours('revoke', '-y', gun);
      assert.deepEqual(await old.notaryTags(gun), []);
    });

    test('flow 20: an RSA root under a wildcard name, and an RSA delegation', async () => {
      const rsa = `${registry.registry}/rsa/demo`;
      const { folder } = paula;
      const root = await rsaKey(folder, 'root', `/CN=${registry.registry}\\/rsa\\/*`);
      const jane = await rsaKey(folder, 'jane', '/CN=jane');
      const bare = ['rsa', '-in', jane.key, '-passin', 'env:PASSPHRASE', '-out', jane.key];
      succeeded(await openssl(...bare));
      await paula.notary('init', rsa, '--rootkey', root.key, '--rootcert', root.certificate, '-p');
      await paula.ours('key', 'import', jane.key, '-r', 'jane');
      const role = 'targets/jane';
      await paula.ours('delegation', 'add', '--key', jane.certificate, '--all-paths', rsa, role);
      await paula.notary('addhash', rsa, 'v1', '1', '-r', role, '--sha256', hex('rsa'), '-p');
      assert.deepEqual(await old.notaryTags(rsa), ['v1']);
      assert.match(await paula.ours('witness', rsa, role), /version 2, .*; it signs 1 tag$/m);
      await paula.ours('key', 'rotate', '-y', rsa, 'root');
      assert.deepEqual(await old.notaryTags(rsa), ['v1']);
      assert.deepEqual(await someone().notaryTags(rsa), ['v1']);
    });
  });
}

const apart = Object.entries(flowPlaces).filter(([name]) => name.includes(' with '));
for (const [name, open] of apart) {
  test(`flow 17: on ${name} keys that the server holds are used and replaced`, async () => {
    await using undo = new AsyncDisposableStack();
    const place = await open(undo);
    // Neither speaks TLS; docker's clients insist.
    const front = undo.use(await TrustFront.start(place.url));
    const [paula, old] = [undo.use(new TrustPerson(front)), undo.use(new TrustPerson(front))];
    const gun = parseGun('127.0.0.1:5000/app/apart');
    await paula.ours('key', 'generate', 'jeff', '--dir', paula.folder);
    await paula.ours('signer', 'add', '--key', join(paula.folder, 'jeff.pub'), 'jeff', gun);
    const tag = ['v1', '5', '--sha256', hex('content'), '-r', 'targets/releases', '-p'];
    await paula.at(place).notary('addhash', gun, ...tag);
    for (const rotated of [['snapshot', '-r'], ['timestamp', '-r'], ['root']]) {
      assert.deepEqual(await old.ourTags(gun), ['v1']);
      await paula.ours('key', 'rotate', '-y', gun, ...rotated);
    }
    await paula.ours('witness', gun, 'targets/releases');
    for (const reader of [old, undo.use(new TrustPerson(front))]) {
      assert.deepEqual(await reader.ourTags(gun), ['v1']);
      assert.deepEqual(await reader.at(place).notaryTags(gun), ['v1']);
    }
  });
}

/** The metadata in somebody's folder, by role. */
function keptBy({ trust }: TrustPerson, gun: Gun): Map<string, string> {
  const folder = join(trust, 'tuf', gun, 'metadata');
  const files = globSync('**/*.json', { cwd: folder }).sort();
  return new Map(
    files.map((file) => [file.replace('.json', ''), readFileSync(join(folder, file), 'latin1')]),
  );
}

/** The same set, but for one byte of `targets`. */
function spoilTargets(recorded: ReadonlyMap<string, Buffer>): Map<string, Buffer> {
  return new Map(
    [...recorded].map(([path, bytes]) => {
      const changed = Buffer.from(bytes);
      if (path.includes('/targets.')) changed[changed.length - 9] = (changed.at(-9) ?? 0) ^ 1;
      return [path, changed];
    }),
  );
}
