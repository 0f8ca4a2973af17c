import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RegistryUser } from '../test/support/registry-user.ts';
import { admin, ServerProcess } from '../test/support/server-process.ts';
import { wireRequest } from '../test/support/wire-request.ts';
import { residentMiB } from './process-state.ts';
import type { Load, Published } from './publish-load.ts';
import { atLeastTimes, atMost, atMostTimes, type Result } from './result.ts';
import { startNotaryServer, startPostgres, type TrustSubject } from './trust-peer.ts';
import { type Rate, wrk, wrkAmong } from './wrk.ts';

const getSeconds = 2;
const publishSeconds = 3;
const parallel = 16;
const manyGuns = 100_000;
const fewGuns = 10;
const manyTags = 10_000;
const memoryMiB = 150;
/** In which a server without work gives back what it no longer needs. */
const restMs = 30_000;
const paths = ['timestamp', 'root', 'targets', 'by checksum'] as const;

/** By path. */
type Gets = ReadonlyMap<string, Rate>;

/** What one server did. */
interface Measured {
  readonly gets: Gets;
  readonly publishes: number;
  readonly p99Ms: number;
  readonly largePublishes: number;
}

/**
 * Our trust server on SQLite, and reads of it on PostgreSQL, beside Debian's notary-server on
 * PostgreSQL and in memory, open to all and verifying tokens as ours does, all over TLS, one after
 * the other in this run.
 */
export async function benchTrust(): Promise<Result[]> {
  const peers = new Map<string, Measured>();
  for (const storage of ['postgres', 'memory'] as const) {
    await using peer = await startNotaryServer(storage);
    peers.set(storage, await measure(peer));
  }
  const bearing = new Map<string, Gets>();
  for (const storage of ['postgres', 'memory'] as const) {
    await using peer = await startNotaryServer(storage, 'tokens');
    bearing.set(storage, await measureGets(peer));
  }
  const oursOnPostgres = await measureOnPostgres();
  const postgres = peers.get('postgres') as Measured;
  const memory = peers.get('memory') as Measured;

  await using process = await ServerProcess.start();
  const store = subjectOf(process);
  const ours = await measure(store);
  // Before the size is measured the server is started anew, so both processes are looked at.
  const memories = [residentMiB(process.pid)];
  await sleep(restMs);
  memories.push(residentMiB(process.pid));
  const size = await measureSize(process, store);
  return [
    ...paths.flatMap((path) => {
      const sqlite = ours.gets.get(path)?.perSecond;
      const sql = oursOnPostgres.get(path)?.perSecond;
      const row = (
        what: string,
        mine: number | undefined,
        peer: Gets | undefined,
        factor: number,
      ) => atLeastTimes(`GET ${path} per s, ${what}`, mine, peer?.get(path)?.perSecond, factor);
      const [same, open] = ['tokens on both', 'tokens on ours only'];
      return [
        row(`SQLite : peer on PostgreSQL, ${same}`, sqlite, bearing.get('postgres'), 20),
        row(`SQLite : peer on PostgreSQL, ${open}`, sqlite, postgres.gets, 20),
        row(`PostgreSQL : peer on PostgreSQL, ${same}`, sql, bearing.get('postgres'), 15),
        row(`PostgreSQL : peer on PostgreSQL, ${open}`, sql, postgres.gets, 15),
        row(`SQLite : peer in memory, ${same}`, sqlite, bearing.get('memory'), 2.5),
        row(`SQLite : peer in memory, ${open}`, sqlite, memory.gets, 2.5),
      ];
    }),
    atLeastTimes(
      'publishes per s, notary-server on PostgreSQL',
      ours.publishes,
      postgres.publishes,
      5,
    ),
    atLeastTimes('publishes per s, notary-server in memory', ours.publishes, memory.publishes),
    atMostTimes(
      'GET p99 in ms while publishing, notary-server on PostgreSQL',
      ours.p99Ms,
      postgres.p99Ms,
      0.2,
    ),
    atLeastTimes(
      `publishes per s into ${manyTags} tags, notary-server on PostgreSQL`,
      ours.largePublishes,
      postgres.largePublishes,
      3,
    ),
    atLeastTimes(
      `publishes per s into ${manyTags} tags, notary-server in memory`,
      ours.largePublishes,
      memory.largePublishes,
    ),
    ...size,
    ...['after publishing', `${restMs / 1_000} s later`].map((when, at) =>
      atMost(`trust: memory of the server ${when}`, memories[at] ?? Number.NaN, memoryMiB, 'MiB'),
    ),
    atMost(
      `trust: memory of the server beside ${manyGuns} GUNs`,
      residentMiB(process.pid),
      memoryMiB,
      'MiB',
    ),
  ];
}

/** Reads alone; the first second is not counted, since compilers run in it. */
async function measureGets(subject: TrustSubject): Promise<Gets> {
  const guns = gunsOf(subject, 'get', 1);
  const gun = guns[0] as string;
  await publishes(subject, { guns, updatesPerGun: 2, seconds: 30 });
  const token = (await subject.tokens(guns))[gun];
  const base = `${subject.origin}/v2/${gun}/_trust/tuf`;
  await wrk({ url: `${base}/timestamp.json`, token }, 1);
  const gets = new Map<string, Rate>();
  for (const path of paths) {
    const name = path === 'by checksum' ? await checksumOf(`${base}/timestamp.json`, token) : path;
    gets.set(path, await wrk({ url: `${base}/${name}.json`, token }, getSeconds));
    console.log(`${subject.name}: GET ${path} ${gets.get(path)?.perSecond.toFixed(0)}/s`);
  }
  return gets;
}

/** Ours on a durable PostgreSQL of its own. */
async function measureOnPostgres(): Promise<Gets> {
  await using undo = new AsyncDisposableStack();
  const database = await startPostgres(undo);
  const process = undo.use(await ServerProcess.start({ database }));
  return await measureGets(subjectOf(process, 'PostgreSQL'));
}

async function measure(subject: TrustSubject): Promise<Measured> {
  const gets = await measureGets(subject);
  const guns = gunsOf(subject, 'get', 1);
  const token = (await subject.tokens(guns))[guns[0] as string];
  const base = `${subject.origin}/v2/${guns[0]}/_trust/tuf`;
  // Neither a compiler nor a connection pool that has just begun is what is measured.
  await publishes(subject, { guns: gunsOf(subject, 'warm', parallel), updatesPerGun: 40 });
  const most = await publishes(subject, { guns: gunsOf(subject, 'put', parallel) });
  console.log(`${subject.name}: ${most.toFixed(0)} publishes/s`);
  const background = publishes(subject, {
    guns: gunsOf(subject, 'half', parallel),
    rate: most / 2,
  });
  await ready;
  const { p99Ms } = await wrk({ url: `${base}/timestamp.json`, token }, getSeconds);
  await background;
  const large = { guns: gunsOf(subject, 'large', 2), tags: manyTags, updatesPerGun: 12 };
  const largePublishes = await publishes(subject, large);
  console.log(`${subject.name}: p99 ${p99Ms} ms; ${largePublishes.toFixed(1)} large publishes/s`);
  return { gets, publishes: most, p99Ms, largePublishes };
}

/** The same store with few GUNs in it and with many, read all over and written to. */
async function measureSize(process: ServerProcess, store: TrustSubject): Promise<Result[]> {
  const rates: { get: number; publish: number }[] = [];
  for (const count of [fewGuns, manyGuns]) {
    await process.stop();
    const guns = seed(join(process.data, 'store.sqlite'), gunsOf(store, 'get', 1)[0] ?? '', count);
    await process.up();
    const script = join(process.data, '..', 'among.lua');
    writeFileSync(script, await lua(store, guns));
    await wrkAmong(script, store.origin, 1);
    const { perSecond } = await wrkAmong(script, store.origin, getSeconds);
    const names = gunsOf(store, `beside-${count}`, parallel);
    rates.push({ get: perSecond, publish: await publishes(store, { guns: names }) });
  }
  const [few, many] = rates;
  return [
    atLeastTimes(
      `GET per s among ${manyGuns} GUNs, among ${fewGuns}`,
      many?.get,
      few?.get,
      1 / 1.3,
    ),
    atLeastTimes(
      `publishes per s beside ${manyGuns} GUNs, beside ${fewGuns}`,
      many?.publish,
      few?.publish,
      1 / 1.3,
    ),
  ];
}

/** Copies one repository under many names. @returns some of them, evenly spread */
function seed(file: string, gun: string, count: number): string[] {
  const db = new DatabaseSync(file);
  const name = (i: number) => `${gun}-of-${count}-${i}`;
  for (const [table, columns] of [
    ['tuf_files', 'role, version, sha256, bytes, created_at'],
    ['expiries', 'role, kind, version, expires_at, due_at'],
  ]) {
    db.exec('begin');
    const copy = db.prepare(
      `insert into ${table} (gun, ${columns}) select ?, ${columns} from ${table} where gun = ?`,
    );
    for (let i = 0; i < count; i++) copy.run(name(i), gun);
    db.exec('commit');
  }
  db.exec('pragma wal_checkpoint(truncate)');
  db.close();
  const sampled = Math.min(count, 200);
  return Array.from({ length: sampled }, (_, i) => name(Math.floor((i * count) / sampled)));
}

async function lua(store: TrustSubject, guns: readonly string[]): Promise<string> {
  const tokens = await store.tokens(guns);
  const rows = guns.map((gun) => `{"/v2/${gun}/_trust/tuf/timestamp.json", "${tokens[gun]}"}`);
  return `local all = {${rows.join(',\n')}}
function request()
  local one = all[math.random(#all)]
  return wrk.format("GET", one[1], {["Authorization"] = "Bearer " .. one[2]})
end`;
}

let ready: Promise<void> = Promise.resolve();

/** @returns publishes per second; each answered, so each durable where the server is */
async function publishes(
  subject: TrustSubject,
  wanted: Pick<Load, 'guns'> & Partial<Load>,
): Promise<number> {
  const tokens = await subject.tokens(wanted.guns);
  const load: Load = {
    ...{ origin: subject.origin, tokens, tags: 1, updatesPerGun: 200, seconds: publishSeconds },
    ...wanted,
  };
  const program = fileURLToPath(new URL('publish-load.ts', import.meta.url));
  const child = spawn(globalThis.process.execPath, [program, JSON.stringify(load)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  ready = new Promise((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (text) => {
      errors += text;
      resolve();
    });
  });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error(`the publishers ended with ${code}\n${errors}`);
  const { published, ms } = JSON.parse(output) as Published;
  return (published / ms) * 1_000;
}

async function checksumOf(url: string, token: string | undefined): Promise<string> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const { body } = await wireRequest(url, { headers });
  const hash = JSON.parse(body.toString()).signed.meta.snapshot.hashes.sha256;
  return `snapshot.${Buffer.from(hash, 'base64').toString('hex')}`;
}

function gunsOf({ origin }: TrustSubject, name: string, count: number): string[] {
  const host = origin.replace('https://', '');
  return Array.from({ length: count }, (_, i) => `${host}/bench/${name}${i}`);
}

function subjectOf(process: ServerProcess, storage = 'SQLite'): TrustSubject {
  const scopesAtOnce = 8;
  return {
    name: `ours, ${storage}`,
    origin: process.url,
    tokens: async (guns) => {
      using user = new RegistryUser(process.url, admin);
      const tokens: [string, string][] = [];
      for (let i = 0; i < guns.length; i += scopesAtOnce) {
        const some = guns.slice(i, i + scopesAtOnce);
        const scopes = some.map((gun) => `repository:${gun}:push,pull`).join(' ');
        const token = await user.token(scopes);
        tokens.push(...some.map((gun): [string, string] => [gun, token]));
        await sleep(0);
      }
      return Object.fromEntries(tokens);
    },
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}
