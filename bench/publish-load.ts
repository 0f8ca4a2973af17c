/**
 * A load of publishers in a process of its own: `node bench/publish-load.ts <JSON of Load>`. It
 * initialises the repositories, signs all updates beforehand, and then sends them, each GUN's one
 * after the other and all GUNs side by side. It prints a Published as JSON.
 */
import * as https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseJson } from '../src/base/index.ts';
import {
  type MetadataFile,
  newRepository,
  nextVersion,
  parseGun,
  parsePublicKey,
  signFile,
  type Targets,
  withTarget,
} from '../src/tuf/index.ts';
import { newSigner, rootSigner } from '../test/support/simulated-publisher.ts';
import { type WireAnswer, wireRequest } from '../test/support/wire-request.ts';

export interface Load {
  /** `https://127.0.0.1:PORT` */
  readonly origin: string;
  readonly guns: readonly string[];
  /** Of each GUN, where a token is needed. */
  readonly tokens: Readonly<Record<string, string>>;
  /** Tags that each repository has before the first update. */
  readonly tags: number;
  readonly updatesPerGun: number;
  readonly seconds: number;
  /** Publishes per second together; as many as there can be when absent. */
  readonly rate?: number | undefined;
}

export interface Published {
  readonly published: number;
  readonly ms: number;
}

const load = JSON.parse(process.argv[2] ?? '{}') as Load;
const agent = new https.Agent({ keepAlive: true, maxSockets: load.guns.length });
const now = new Date();

const lines: MetadataFile[][] = [];
for (const gun of load.guns) lines.push(await prepare(gun));
process.stderr.write('ready\n');
const startedAt = performance.now();
const endsAt = startedAt + load.seconds * 1_000;
let published = 0;
await Promise.all(load.guns.map((gun, i) => send(gun, lines[i] ?? [])));
const result: Published = { published, ms: performance.now() - startedAt };
process.stdout.write(`${JSON.stringify(result)}\n`);
agent.destroy();

async function send(gun: string, updates: readonly MetadataFile[]): Promise<void> {
  const everyMs = load.rate === undefined ? 0 : (load.guns.length / load.rate) * 1_000;
  let next = performance.now() + Math.random() * everyMs;
  for (const update of updates) {
    await sleep(Math.max(0, next - performance.now()));
    next += everyMs;
    if (performance.now() >= endsAt) return;
    await accepted(gun, [update]);
    published++;
  }
}

/** The repository as it begins, published; and its updates, one tag more each. */
async function prepare(name: string): Promise<MetadataFile[]> {
  const gun = parseGun(name);
  const [rootKey, targetsKey] = [rootSigner(name, now), newSigner()];
  const serverKey = async (role: string) => {
    const { body } = await ask(gun, `${role}.key`);
    return parsePublicKey(parseJson(body));
  };
  const made = newRepository({
    gun,
    rootKey: rootKey.key,
    targetsKey: targetsKey.key,
    snapshotKey: await serverKey('snapshot'),
    timestampKey: await serverKey('timestamp'),
    now,
  });
  let targets: Targets = made.targets;
  for (let i = 0; i < load.tags; i++) targets = withTag(targets, `v${i}`);
  const root = await signFile('root', made.root, [rootKey]);
  await accepted(gun, [root, await signFile('targets', targets, [targetsKey])]);
  const updates: MetadataFile[] = [];
  for (let i = 0; i < load.updatesPerGun; i++) {
    targets = nextVersion(withTag(targets, `n${i % 10}`), now);
    updates.push(await signFile('targets', targets, [targetsKey]));
  }
  return updates;
}

function withTag(targets: Targets, name: string): Targets {
  const hashes = new Map([['sha256', crypto.getRandomValues(new Uint8Array(32))]]);
  return withTarget(targets, name, { sizeBytes: 528, hashes });
}

async function accepted(gun: string, files: readonly MetadataFile[]): Promise<void> {
  const boundary = 'a-boundary-that-no-file-has';
  const parts = files.flatMap(({ role, bytes }) => [
    `--${boundary}\r\ncontent-disposition: form-data; name="files"; filename="${role}"\r\n` +
      'content-type: application/octet-stream\r\n\r\n',
    bytes,
    '\r\n',
  ]);
  const body = Buffer.concat([...parts, `--${boundary}--\r\n`].map((part) => Buffer.from(part)));
  const answer = await ask(gun, '', 'POST', body, `multipart/form-data; boundary=${boundary}`);
  if (answer.status !== 200) throw new Error(`${gun}: ${answer.status} ${answer.body}`);
}

function ask(
  gun: string,
  path: string,
  method = 'GET',
  body?: Uint8Array,
  type = 'application/octet-stream',
): Promise<WireAnswer> {
  const token = load.tokens[gun];
  const headers = { 'content-type': type, ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const url = `${load.origin}/v2/${gun}/_trust/tuf/${path}`;
  return wireRequest(url, { method, agent, headers, ...(body ? { body } : {}) });
}
