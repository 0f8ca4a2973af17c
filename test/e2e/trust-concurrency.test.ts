/**
 * Fifty publishers of one repository. With plain uploads one wins and the others hear 400 VERSION;
 * with our client, which makes its change again upon what is there, nobody loses. A strict reader
 * looks throughout, and never sees anything invalid or older than what it has seen.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fixedPassphrase } from '../../src/adapters/passphrase/index.ts';
import { anonymous, Remotes } from '../../src/adapters/remotes/index.ts';
import { KeyFolder } from '../../src/adapters/trust-folder/index.ts';
import { digestOf, utf8 } from '../../src/base/index.ts';
import { openTrust, publish } from '../../src/client/index.ts';
import { type Gun, listTargets, parseGun } from '../../src/tuf/index.ts';
import { Person } from '../support/flow-person.ts';
import { MemoryMetadataCache } from '../support/memory-metadata-cache.ts';
import { type OpenTrustServer, startOpenTrustServer } from '../support/open-trust-server.ts';
import { partsOf } from '../support/simulated-publisher.ts';
import { edits, tag } from '../support/trust-world.ts';
import { publishedOn, WireTrust } from '../support/wire-publisher.ts';

const fifty = Array.from({ length: 50 }, (_, i) => `v${i}`);
const folder = mkdtempSync(join(tmpdir(), 'cm-trust-concurrency-'));
let server: OpenTrustServer;
before(async () => {
  server = await startOpenTrustServer();
});
after(async () => {
  await server?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

test('of fifty plain uploads at once one is published, and 49 are told VERSION', async () => {
  const now = new Date();
  const trust = new WireTrust(server.url);
  const publisher = await publishedOn(trust, '127.0.0.1:5000/acme/plain', now);
  const updates = await Promise.all(
    fifty.map((name) => publisher.update({ targets: edits([['targets', tag(name)]]) }, now)),
  );
  await using reader = readAllAlong(publisher.gun);
  const answers = await Promise.all(
    updates.map((update) => trust.upload(publisher.gun, partsOf(update))),
  );
  const told = answers.map(({ status, body }) =>
    status === 200 ? 'published' : `${status} ${JSON.parse(String(body)).errors[0].code}`,
  );
  assert.deepEqual(told.sort(), [...fifty.slice(1).map(() => '400 VERSION'), 'published']);
  const winner = answers.findIndex(({ status }) => status === 200);
  assert.deepEqual(await reader.names(), [fifty[winner]]);
});

test('of fifty who make their change again, nobody loses', async () => {
  const gun = parseGun('127.0.0.1:5000/acme/again');
  const keys = new KeyFolder(folder, fixedPassphrase('of all keys'));
  const add = async (name: string) => {
    using remotes = remotesOf();
    await publish({
      ...{ gun, keys, cache: new MemoryMetadataCache(), now: new Date(), whenNew: 'initialise' },
      pause: (attempt) => sleep(Math.random() * 40 * attempt),
      remote: remotes.trust(gun, { forWriting: true }),
      changes: [{ kind: 'add-target', name, digest: digestOf(utf8(name)), sizeBytes: 1 }],
    });
  };
  await add('first');
  await using reader = readAllAlong(gun);
  await Promise.all(fifty.map(add));
  assert.deepEqual(await reader.names(), ['first', ...fifty].sort());
});

test('flow 14: of notary publishers who race, some lose, and what the others did is there', async () => {
  const gun = parseGun('127.0.0.1:5000/acme/notary');
  const owner = new Person(server, folder, 'owner');
  await owner.go('init', gun, '-p');
  await owner.go('key', 'rotate', gun, 'snapshot', '-r');
  const racers = Array.from({ length: 6 }, (_, i) => {
    const racer = new Person(server, folder, `racer-${i}`);
    cpSync(owner.folder, racer.folder, { recursive: true });
    return racer;
  });
  await using reader = readAllAlong(gun);
  const hash = ['--sha256', 'ab'.repeat(32), '-p'];
  const ends = await Promise.all(
    racers.map((racer, i) => racer.run('addhash', gun, `n${i}`, '1', ...hash)),
  );
  for (const { code, stdout, stderr } of ends.filter((end) => end.code !== 0)) {
    assert.equal(code, 1);
    assert.match(stdout + stderr, /trust server rejected operation/);
  }
  const won = ends.flatMap(({ code }, i) => (code === 0 ? [`n${i}`] : []));
  assert.ok(won.length > 0);
  assert.deepEqual(await reader.names(), won);
  assert.deepEqual(await new Person(server, folder, 'fresh').goNames(gun), won);
});

/** A strict reader with a cache, who looks again and again until it is disposed of. */
function readAllAlong(gun: Gun) {
  const remotes = remotesOf();
  const cache = new MemoryMetadataCache();
  const look = async () => {
    const source = remotes.trust(gun, { forWriting: false });
    const { set } = await openTrust({ gun, source, cache, now: new Date(), delegations: 'strict' });
    return listTargets(set).map(({ name }) => name);
  };
  let over = false;
  let looks = 0;
  const looking = (async () => {
    for (let known = 0; !over; looks++) {
      const { length } = await look();
      assert.ok(length >= known, 'a tag that was there has gone');
      known = length;
    }
  })();
  // Reported where it is awaited.
  looking.catch(() => {});
  return {
    /** What is there now, sorted. */
    names: async () => (await look()).sort(),
    [Symbol.asyncDispose]: async () => {
      over = true;
      await looking;
      remotes[Symbol.dispose]();
      assert.ok(looks > 0);
    },
  };
}

function remotesOf(): Remotes {
  const clock = () => new Date();
  return new Remotes({ trustServer: server.url, credentials: anonymous, clock });
}
