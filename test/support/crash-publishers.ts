import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fixedPassphrase } from '../../src/adapters/passphrase/index.ts';
import { Remotes } from '../../src/adapters/remotes/index.ts';
import type { Database } from '../../src/adapters/sql/database.ts';
import { KeyFolder } from '../../src/adapters/trust-folder/index.ts';
import { digestOf, isStoreError, Secret, toHex, utf8 } from '../../src/base/index.ts';
import { openTrust, publish } from '../../src/client/index.ts';
import { type Gun, listTargets, parseGun, parseMetadata } from '../../src/tuf/index.ts';
import { MemoryMetadataCache } from './memory-metadata-cache.ts';
import { NotaryCli } from './notary-cli.ts';
import type { NewUser, ServerProcess } from './server-process.ts';

/** How much is enough. The limits leave a loaded machine its time, and nobody waits without end. */
export interface CrashPlan {
  readonly publishes: number;
  readonly crashes: number;
  /** After this long, `leastCrashes` are enough, and the publishers are left alone. */
  readonly crashForMs: number;
  readonly leastCrashes: number;
}

const repositories = 8;
/** A publish takes this long only when the server does not come back. */
const publishWithinMs = 90_000;

const paula: NewUser = {
  ...{ name: 'paula', password: 'a password for a test' },
  role: 'producer',
  namespace: 'acme',
};

/** People who publish to a repository each, one tag after the other, while the server crashes. */
export class CrashPublishers implements Disposable {
  readonly guns: readonly Gun[];
  readonly #server: ServerProcess;
  readonly #remotes: Remotes;
  readonly #folder = mkdtempSync(join(tmpdir(), 'cm-trust-crash-'));
  readonly #acknowledged: ReadonlyMap<Gun, string[]>;
  readonly #tried = new Map<Gun, number>();

  private constructor(server: ServerProcess) {
    this.guns = Array.from({ length: repositories }, (_, i) =>
      parseGun(`${server.host}/acme/app-${i}`),
    );
    this.#acknowledged = new Map(this.guns.map((gun) => [gun, []]));
    this.#server = server;
    const login = { username: paula.name, password: new Secret(paula.password) };
    this.#remotes = new Remotes({
      ca: readFileSync(server.certificateFile, 'utf8'),
      credentials: async () => ({ kind: 'password', ...login }),
      clock: () => new Date(),
    });
  }

  static async of(server: ServerProcess): Promise<CrashPublishers> {
    await server.addUser(paula);
    return new CrashPublishers(server);
  }

  /** Publishes that were acknowledged. */
  get count(): number {
    return [...this.#acknowledged.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /**
   * Publishes until there is enough, with a crash at random moments.
   *
   * @param crash   takes something down and brings it up again
   * @param signal  of the test: then everybody stops
   * @returns how many crashes there were
   */
  async publishUnder(
    plan: CrashPlan,
    crash: (number: number) => Promise<void>,
    signal: AbortSignal,
  ): Promise<number> {
    const over = new AbortController();
    const either = AbortSignal.any([over.signal, signal]);
    let crashes = 0;
    const crashing = async () => {
      for (const end = Date.now() + plan.crashForMs; !either.aborted; ) {
        const enough = Date.now() < end ? plan.crashes : plan.leastCrashes;
        const isLate = Date.now() >= end && crashes >= plan.leastCrashes;
        if (this.count >= plan.publishes && crashes >= enough) break;
        // So many more publishes, or so long, and a moment more.
        const next = this.count + Math.random() * 2 * (plan.publishes / plan.crashes);
        const until = Date.now() + 3_000;
        while (this.count < next && Date.now() < until && !either.aborted) await sleep(5);
        if (isLate || either.aborted) continue;
        await sleep(Math.random() * 30);
        await crash(++crashes);
      }
      over.abort();
    };
    const working = [crashing(), ...this.guns.map((gun, i) => this.#publishTags(gun, i, either))];
    // Whoever fails ends it for all; all have ended before anybody hears of it.
    for (const work of working) work.catch(() => over.abort());
    await Promise.allSettled(working);
    await Promise.all(working);
    signal.throwIfAborted();
    return crashes;
  }

  /** Everything that was acknowledged is there for our strict client, and nothing from nowhere. */
  async requireAll(): Promise<void> {
    for (const gun of this.guns) {
      const source = this.#remotes.trust(gun, { forWriting: false });
      const cache = new MemoryMetadataCache();
      const now = new Date();
      const { set } = await openTrust({ gun, source, cache, now, delegations: 'strict' });
      const names = new Set(listTargets(set).map(({ name }) => name));
      for (const name of this.#acknowledged.get(gun) ?? []) {
        assert.ok(names.has(name), `${gun} ${name}`);
      }
      assert.ok(names.size <= (this.#tried.get(gun) ?? 0), 'nothing that nobody published');
    }
  }

  /** The same for notary, which reads every repository from scratch. */
  async requireAllForNotary(): Promise<void> {
    for (const gun of this.guns) {
      using reader = new NotaryCli(this.#server, paula);
      const listed = new Set((await reader.list(gun)).map(({ name }) => name));
      for (const name of this.#acknowledged.get(gun) ?? []) assert.ok(listed.has(name), name);
    }
  }

  [Symbol.dispose](): void {
    this.#remotes[Symbol.dispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #publishTags(gun: Gun, i: number, signal: AbortSignal): Promise<void> {
    const keys = new KeyFolder(join(this.#folder, `${i}`), fixedPassphrase('of all keys'));
    const cache = new MemoryMetadataCache();
    for (let n = 1; !signal.aborted; n++) {
      this.#tried.set(gun, n);
      const name = `v${n}`;
      const change = { kind: 'add-target', name, digest: digestOf(utf8(name)), sizeBytes: 1 };
      const attempt = () =>
        publish({
          ...{ gun, keys, cache, now: new Date(), whenNew: 'initialise' },
          remote: this.#remotes.trust(gun, { forWriting: true }),
          changes: [change as typeof change & { kind: 'add-target' }],
        });
      if (await this.#untilAcknowledged(attempt, signal)) this.#acknowledged.get(gun)?.push(name);
    }
  }

  /**
   * A server that is dead, dying or not yet up says nothing about the update: it is made again.
   * @returns false when the signal came first
   */
  async #untilAcknowledged(work: () => Promise<unknown>, signal: AbortSignal): Promise<boolean> {
    let last: unknown;
    for (const limit = Date.now() + publishWithinMs; Date.now() < limit; await sleep(50)) {
      if (signal.aborted) return false;
      try {
        await work();
        return true;
      } catch (error) {
        if (!isStoreError(error) || !/^REMOTE_|^CLIENT_PUBLISHED_UNREAD$/.test(error.code)) {
          throw error;
        }
        last = error;
      }
    }
    const log = this.#server.log.slice(-2_000);
    throw new Error(`no publish was acknowledged for ${publishWithinMs} ms\n${log}`, {
      cause: last,
    });
  }
}

/**
 * Every timestamp that was ever stored leads to a snapshot, and that to every file it lists; there is
 * one line of the changefeed for each, and no file that no timestamp leads to.
 */
export async function requireNothingByHalves(db: Database, guns: readonly Gun[]): Promise<void> {
  for (const gun of guns) {
    const files = await db
      .selectFrom('tuf_files')
      .select(['role', 'version', 'sha256', 'bytes'])
      .where('gun', '=', gun)
      .orderBy('version')
      .execute();
    const bySha256 = new Map(files.map((file) => [`${file.role} ${file.sha256}`, file]));
    const ledTo = new Set<string>();
    const follow = (role: string, hashes: ReadonlyMap<string, Uint8Array>) => {
      const name = `${role} ${toHex(hashes.get('sha256') ?? new Uint8Array())}`;
      ledTo.add(name);
      return bySha256.get(name)?.bytes ?? assert.fail(`${gun} lacks ${name}`);
    };
    const timestamps = files.filter(({ role }) => role === 'timestamp');
    const changes = await db
      .selectFrom('changefeed')
      .select('version')
      .where('gun', '=', gun)
      .orderBy('id')
      .execute();
    assert.deepEqual(
      changes.map(({ version }) => version),
      timestamps.map(({ version }) => version),
    );
    for (const { bytes } of timestamps) {
      const { meta } = parseMetadata('timestamp', bytes).signed;
      const { hashes } = meta.get('snapshot') ?? assert.fail();
      const snapshot = parseMetadata('snapshot', follow('snapshot', hashes));
      for (const [role, { hashes }] of snapshot.signed.meta) follow(role, hashes);
    }
    const lone = [...bySha256.keys()].filter((name) => !ledTo.has(name));
    assert.ok(
      lone.every((name) => name.startsWith('timestamp ')),
      `${gun}: no timestamp leads to ${lone.join(', ')}`,
    );
  }
}
