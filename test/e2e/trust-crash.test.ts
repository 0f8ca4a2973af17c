/**
 * The server is killed with SIGKILL again and again while many publish to many repositories. Every
 * publish that was acknowledged is there afterwards, nothing is there by halves, and notary and our
 * own strict client read every repository.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fixedPassphrase } from '../../src/adapters/passphrase/index.ts';
import { Remotes } from '../../src/adapters/remotes/index.ts';
import { KeyFolder } from '../../src/adapters/trust-folder/index.ts';
import { digestOf, isStoreError, Secret, utf8 } from '../../src/base/index.ts';
import { openTrust, publish } from '../../src/client/index.ts';
import { type Gun, listTargets, parseGun, parseMetadata } from '../../src/tuf/index.ts';
import { MemoryMetadataCache } from '../support/memory-metadata-cache.ts';
import { NotaryCli } from '../support/notary-cli.ts';
import { type NewUser, ServerProcess } from '../support/server-process.ts';

const paula: NewUser = {
  ...{ name: 'paula', password: 'a password for a test' },
  role: 'producer',
  namespace: 'acme',
};
const repositories = 8;
const publishes = 500;
const kills = Number(process.env.SLOW ? 100 : 30);

let server: ServerProcess;
let remotes: Remotes;
let folder: string;
before(async () => {
  server = await ServerProcess.start();
  await server.addUser(paula);
  folder = mkdtempSync(join(tmpdir(), 'cm-trust-crash-'));
  const login = { username: paula.name, password: new Secret(paula.password) };
  remotes = new Remotes({
    ca: readFileSync(server.certificateFile, 'utf8'),
    credentials: async () => ({ kind: 'password', ...login }),
    clock: () => new Date(),
  });
});
after(async () => {
  remotes?.[Symbol.dispose]();
  await server?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

test(`of ${publishes} publishes under ${kills} kills, none that was acknowledged is lost`, async () => {
  const guns = Array.from({ length: repositories }, (_, i) =>
    parseGun(`${server.host}/acme/app-${i}`),
  );
  const acknowledged = new Map<Gun, string[]>(guns.map((gun) => [gun, []]));
  const tried = new Map<Gun, number>();
  const count = () => [...acknowledged.values()].reduce((sum, { length }) => sum + length, 0);
  let over = false;
  const working = guns.map(async (gun, i) => {
    const keys = new KeyFolder(join(folder, `${i}`), fixedPassphrase('of all keys'));
    const cache = new MemoryMetadataCache();
    for (let n = 1; !over; n++) {
      tried.set(gun, n);
      await untilAcknowledged(() => publishTag(gun, `v${n}`, keys, cache));
      acknowledged.get(gun)?.push(`v${n}`);
    }
  });
  const killing = (async () => {
    for (let kill = 0; kill < kills || count() < publishes; kill++) {
      // So many more publishes, or so long, and a moment more.
      const next = count() + Math.random() * 2 * (publishes / kills);
      for (const limit = Date.now() + 3_000; count() < next && Date.now() < limit; ) await sleep(5);
      await sleep(Math.random() * 30);
      await server.kill();
      await server.up();
    }
  })();
  await Promise.race([killing, ...working]).finally(() => {
    over = true;
  });
  await killing;
  await Promise.all(working);

  assert.ok(count() >= publishes);
  for (const gun of guns) {
    const source = remotes.trust(gun, { forWriting: false });
    const cache = new MemoryMetadataCache();
    const { set } = await openTrust({ gun, source, cache, now: new Date(), delegations: 'strict' });
    const names = new Set(listTargets(set).map(({ name }) => name));
    for (const name of acknowledged.get(gun) ?? []) assert.ok(names.has(name), `${gun} ${name}`);
    assert.ok(names.size <= (tried.get(gun) ?? 0), 'nothing that nobody published');
  }
  for (const gun of guns.slice(0, 3)) {
    using reader = new NotaryCli(server, paula);
    const listed = (await reader.list(gun)).map(({ name }) => name);
    for (const name of acknowledged.get(gun) ?? []) assert.ok(listed.includes(name), name);
  }
  await server.stop();
  nothingByHalves(join(server.data, 'store.sqlite'), guns);
});

async function publishTag(gun: Gun, name: string, keys: KeyFolder, cache: MemoryMetadataCache) {
  const digest = digestOf(utf8(name));
  await publish({
    ...{ gun, keys, cache, now: new Date(), whenNew: 'initialise' },
    remote: remotes.trust(gun, { forWriting: true }),
    changes: [{ kind: 'add-target', name, digest, sizeBytes: 1 }],
  });
}

/** A server that is dead, dying or not yet up says nothing about the update: it is made again. */
async function untilAcknowledged(work: () => Promise<void>): Promise<void> {
  for (const limit = Date.now() + 60_000; Date.now() < limit; await sleep(50)) {
    try {
      await work();
      return;
    } catch (error) {
      if (!isStoreError(error) || !/^REMOTE_|^CLIENT_PUBLISHED_UNREAD$/.test(error.code))
        throw error;
    }
  }
  throw new Error(`no publish was acknowledged for 60 s\n${server.log.slice(-2_000)}`);
}

/** Every timestamp that was ever stored leads to a snapshot, and that to every file it lists. */
function nothingByHalves(path: string, guns: readonly Gun[]): void {
  const db = new DatabaseSync(path, { readOnly: true });
  const stored = db.prepare(
    'select bytes from tuf_files where gun = ? and role = ? and sha256 = ?',
  );
  const read = (gun: Gun, role: string, sha256: string) => {
    const row = stored.get(gun, role, sha256) as { bytes: Uint8Array } | undefined;
    return row?.bytes ?? assert.fail(`${gun} lacks ${role} ${sha256}`);
  };
  for (const gun of guns) {
    const timestamps = db
      .prepare(
        "select version, bytes from tuf_files where gun = ? and role = 'timestamp' order by version",
      )
      .all(gun) as { version: number; bytes: Uint8Array }[];
    const changes = db.prepare('select version from changefeed where gun = ? order by id').all(gun);
    assert.deepEqual(
      changes.map(({ version }) => version),
      timestamps.map(({ version }) => version),
    );
    for (const { bytes } of timestamps) {
      const { signed } = parseMetadata('timestamp', bytes);
      const sha = (hashes: ReadonlyMap<string, Uint8Array>) =>
        Buffer.from(hashes.get('sha256') ?? []).toString('hex');
      const meta = signed.meta.get('snapshot') ?? assert.fail();
      const snapshot = parseMetadata('snapshot', read(gun, 'snapshot', sha(meta.hashes)));
      for (const [role, { hashes }] of snapshot.signed.meta) read(gun, role, sha(hashes));
    }
    const files = db
      .prepare(
        "select count(*) as n from tuf_files where gun = ? and role in ('targets', 'snapshot')",
      )
      .get(gun);
    assert.equal(Number(files?.n), 2 * timestamps.length, 'a file that no timestamp leads to');
  }
  db.close();
}
