/**
 * The flows between clients and servers that an operator relies on, on Debian's notary-server and on
 * ours: the Go client and our client publish and read in turn on one repository.
 *
 * Elsewhere: docker's own commands (flows 1 to 3 and 9) in seed-content-trust.test.ts; tokens (16) in
 * src/http/notary-api and src/adapters/remotes; the signer (17) in signer-peers.test.ts; every fixture's
 * bytes (18) and Ed25519 keys (20) in src/tuf/fixtures.test.ts.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fixedPassphrase } from '../../src/adapters/passphrase/index.ts';
import { anonymous, Remotes } from '../../src/adapters/remotes/index.ts';
import { KeyFolder, MetadataFolder } from '../../src/adapters/trust-folder/index.ts';
import { digestOf, utf8 } from '../../src/base/index.ts';
import { openTrust, publish, type TrustChange } from '../../src/client/index.ts';
import { findTarget, type Gun, listTargets, parseGun } from '../../src/tuf/index.ts';
import { plainEnvironment, runCommand, succeeded } from '../support/command.ts';
import { startOpenTrustServer } from '../support/open-trust-server.ts';
import { startReferencePair } from '../support/peers-reference.ts';
import { wireRequest } from '../support/wire-request.ts';

interface Place extends AsyncDisposable {
  readonly url: string;
  readonly certificateFile?: string;
}

const places: Readonly<Record<string, () => Promise<Place>>> = {
  'notary-server': async () => {
    const pair = await startReferencePair();
    const dispose = () => pair[Symbol.asyncDispose]();
    const { trustServer: url, certificateFile } = pair;
    return { url, certificateFile, [Symbol.asyncDispose]: dispose };
  },
  'our server': startOpenTrustServer,
};

for (const [name, open] of Object.entries(places)) {
  describe(`on ${name}`, () => {
    const gun = parseGun('127.0.0.1:5000/app/demo');
    const folder = mkdtempSync(join(tmpdir(), 'cm-flows-'));
    let place: Place;
    let publisher: Person;
    let old: Person;
    before(async () => {
      place = await open();
      publisher = new Person(place, folder, 'publisher');
      old = new Person(place, folder, 'old');
    });
    after(async () => {
      await place?.[Symbol.asyncDispose]();
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
        if (path.includes('/targets.'))
          recorded.set(
            path,
            Buffer.concat([bytes.subarray(0, -9), Buffer.from('x'), bytes.subarray(-8)]),
          );
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

    test('flow 19: a name of odd characters is listed as it was given', async () => {
      const odd = 'a<b>&c_é"';
      await publisher.go('addhash', gun, odd, '1', '--sha256', hex('odd'), '-p');
      assert.ok((await old.names(gun)).includes(odd));
      assert.ok((await old.goNames(gun)).includes(odd));
      await publisher.publish(gun, [{ kind: 'remove-target', name: odd }]);
    });

    test('flow 20: an RSA root under a wildcard name, and an RSA delegation', async () => {
      const rsa = parseGun('127.0.0.1:5000/rsa/demo');
      const root = await rsaKey(folder, 'root', '/CN=127.0.0.1:5000\\/rsa\\/*');
      const jane = await rsaKey(folder, 'jane', '/CN=jane');
      const bare = ['rsa', '-in', jane.key, '-passin', passphrase, '-out', jane.key];
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

const passphrase = 'env:PASSPHRASE';

function openssl(...args: string[]) {
  return runCommand('openssl', args, {
    env: { ...plainEnvironment(), PASSPHRASE: 'of all keys' },
  });
}

/** An encrypted RSA key as notary takes one in, and a certificate of it that it made itself. */
async function rsaKey(folder: string, role: string, subject: string) {
  const [key, certificate] = [join(folder, `${role}-rsa.pem`), join(folder, `${role}-rsa.crt`)];
  const encrypted = ['-traditional', '-aes256', '-passout', passphrase];
  succeeded(await openssl('genrsa', ...encrypted, '-out', key, '2048'));
  const request = ['req', '-x509', '-days', '30', '-key', key, '-passin', passphrase];
  const leaf = ['-subj', subject, '-addext', 'basicConstraints=critical,CA:FALSE'];
  succeeded(await openssl(...request, ...leaf, '-out', certificate));
  const pem = readFileSync(key, 'utf8');
  writeFileSync(key, pem.replace(/(DEK-Info:.*\n)/, `$1role: ${role}\n`), { mode: 0o600 });
  return { key, certificate };
}

/** Somebody with a trust folder, who uses both clients on it. */
class Person {
  readonly folder: string;
  readonly keys: KeyFolder;
  readonly #place: { readonly url: string; readonly certificateFile?: string };

  constructor(place: { url: string; certificateFile?: string }, folder: string, name: string) {
    this.#place = place;
    this.folder = join(folder, name);
    this.keys = new KeyFolder(this.folder, fixedPassphrase('of all keys'));
  }

  async publish(gun: Gun, changes: readonly TrustChange[], keys = this.keys): Promise<void> {
    using remotes = this.#remotes();
    const remote = remotes.trust(gun, { forWriting: true });
    const cache = new MetadataFolder(this.folder);
    await publish({ gun, keys, cache, remote, changes, now: new Date(), whenNew: 'initialise' });
  }

  async open(gun: Gun) {
    using remotes = this.#remotes();
    const source = remotes.trust(gun, { forWriting: false });
    return await openTrust({
      gun,
      source,
      cache: new MetadataFolder(this.folder),
      now: new Date(),
    });
  }

  /** What our client sees. */
  async names(gun: Gun): Promise<string[]> {
    return [...new Set(listTargets((await this.open(gun)).set).map(({ name }) => name))].sort();
  }

  /** What notary sees. */
  async goNames(gun: Gun): Promise<string[]> {
    const rows = (await this.go('list', gun)).split('\n').filter((row) => /[0-9a-f]{64}/.test(row));
    return rows.map((row) => row.trim().split(/\s+/)[0] ?? '').sort();
  }

  async go(...args: string[]): Promise<string> {
    return succeeded(await this.run(...args)).stdout;
  }

  run(...args: string[]) {
    const { url, certificateFile } = this.#place;
    const ca = certificateFile === undefined ? [] : ['--tlscacert', certificateFile];
    const roles = ['ROOT', 'TARGETS', 'SNAPSHOT', 'DELEGATION'];
    const passphrases = roles.map((role) => [`NOTARY_${role}_PASSPHRASE`, 'of all keys']);
    const env = { ...plainEnvironment(), HOME: this.folder, ...Object.fromEntries(passphrases) };
    return runCommand('notary', ['-s', url, ...ca, '-d', this.folder, ...args], {
      env,
      input: 'yes\n',
    });
  }

  #remotes(): Remotes {
    const { url, certificateFile } = this.#place;
    return new Remotes({
      trustServer: url,
      credentials: anonymous,
      clock: () => new Date(),
      ...(certificateFile === undefined ? {} : { ca: readFileSync(certificateFile, 'utf8') }),
    });
  }
}

/** Everything that a reader asks for now, by path. */
async function recordSet(origin: string, gun: Gun): Promise<Map<string, Buffer>> {
  const base = `/v2/${gun}/_trust/tuf/`;
  const recorded = new Map<string, Buffer>([['/v2/', Buffer.from('{}')]]);
  const record = async (file: string) => {
    const { body } = await wireRequest(`${origin}${base}${file}`);
    recorded.set(base + file, body);
    return JSON.parse(String(body)).signed.meta as Record<string, { hashes: { sha256: string } }>;
  };
  const named = (role: string, { hashes }: { hashes: { sha256: string } }) =>
    `${role}.${Buffer.from(hashes.sha256, 'base64').toString('hex')}.json`;
  await record('root.json');
  const [snapshot] = Object.values(await record('timestamp.json'));
  const listed = await record(named('snapshot', snapshot ?? assert.fail()));
  for (const [role, meta] of Object.entries(listed)) await record(named(role, meta));
  return recorded;
}

/** A mirror that has these files and nothing else. */
async function startMirror(files: ReadonlyMap<string, Buffer>): Promise<Place> {
  const server = createServer((request, response) => {
    const body = files.get(decodeURIComponent(request.url ?? ''));
    response.writeHead(body ? 200 : 404).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function target(name: string): TrustChange {
  return { kind: 'add-target', name, digest: digestOf(utf8(name)), sizeBytes: 1 };
}

function hex(content: string): string {
  return digestOf(utf8(content)).slice('sha256:'.length);
}
