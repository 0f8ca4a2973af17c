/**
 * `npm run demo`: the trust chain from end to end, without docker and without an engine. A fresh
 * store runs in a temporary folder; our own client library is the producer's and the consumer's
 * machine, our command line the administrator's and the reviewer's. It ends with exit code 0 only if
 * every expectation held, and leaves nothing behind.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hexOf } from '../src/base/index.ts';
import type { Link } from '../src/client/index.ts';
import { parseImageReference } from '../src/oci/index.ts';
import { buildImage, type DemoImage } from './demo/image.ts';
import { Machine } from './demo/machine.ts';
import { DemoStore, type Person } from './demo/store.ts';
import { Story, short } from './demo/story.ts';

/** What the command line says of a candidate, as far as it is told here. */
interface Candidate {
  readonly id: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  readonly state: string;
  readonly findings: readonly { readonly severity: string; readonly title: string }[];
  readonly refusal?: { readonly code: string; readonly reason: string };
}

const admin: Person = { name: 'admin', password: 'the administrator of a demonstration' };
const paula: Person = { name: 'paula', password: 'the producer of a demonstration' };
const rita: Person = { name: 'rita', password: 'the reviewer of a demonstration' };

const folder = mkdtempSync(join(tmpdir(), 'countermark-demo-'));
const story = new Story((line) => console.log(line));
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => stop.abort(new Error(`ended by ${signal}`)));
}
const opened = new AsyncDisposableStack();
const telling = tell(opened);
try {
  await Promise.race([telling, aborted(stop.signal)]);
  process.exitCode = story.end() ? 0 : 1;
} catch (error) {
  console.error(`\nThe demonstration broke off: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  await opened.disposeAsync();
  // Cut off, the story still has a step under way, which would write into the folder again.
  await telling.catch(() => {});
  rmSync(folder, { recursive: true, force: true });
}

async function tell(open: AsyncDisposableStack): Promise<void> {
  story.chapter('An operator starts an empty store');
  const store = open.use(await DemoStore.start(folder, admin));
  story.say(`it answers on ${store.url}; everything of it lies in one folder`);
  await addUser(store, paula, 'producer', 'acme');
  await addUser(store, rita, 'reviewer');

  const producer = open.use(new Machine(folder, 'paula', paula));
  const consumer = open.use(new Machine(folder, 'anybody'));
  const image = buildImage('Hello from acme');
  const staging = `${store.host}/staging/acme/hello`;
  const published = `${store.host}/store/acme/hello`;

  const candidate = await produce(store, producer, staging, image);
  await review(store, candidate, consumer, published);
  await consume(consumer, published, image);
  await refuseUnsigned(store, producer, consumer, staging, published);
  await refuseTampered(store, producer, consumer, staging, published, image);
}

async function addUser(
  store: DemoStore,
  { name, password }: Person,
  role: string,
  namespace?: string,
): Promise<void> {
  const where = namespace === undefined ? [] : ['--namespace', namespace];
  const args = ['user', 'add', name, '--role', role, ...where, '--password-stdin'];
  await store.command(args, { input: password });
  story.say(`${name} is added as a ${role}${namespace ? ` of ${namespace}` : ''}`);
}

async function produce(
  store: DemoStore,
  producer: Machine,
  staging: string,
  image: DemoImage,
): Promise<Candidate> {
  story.chapter('admit: a producer pushes an image and signs it');
  await producer.push(`${staging}:1.0`, image);
  story.say(`paula pushed ${staging}:1.0, which is ${short(image.digest)}`);
  const unsigned = await store.command<Candidate[]>(['candidate', 'list', '--unsigned']);
  const waits = unsigned.some(({ tag }) => tag === '1.0');
  story.expect('pushed but not signed, it is no candidate: it waits', waits);

  const { key } = await producer.keys.create('paula');
  const { trust } = await producer.sign(`${staging}:1.0`, [
    { kind: 'add-signer', name: 'paula', keys: [key] },
    targetOf('1.0', image),
  ]);
  story.say(`she signed it; root version ${trust.set.root.version}, her key ${short(key.id)}`);
  return await candidateFor(store, image, '1.0');
}

async function review(
  store: DemoStore,
  admitted: Candidate,
  consumer: Machine,
  published: string,
): Promise<void> {
  story.chapter('check and review: the store looks, then a person does');
  const { id } = admitted;
  await store.command(['candidate', 'wait', id, '--for', 'decision', '--timeout', '15s']);
  const checked = await store.command<Candidate>(['candidate', 'show', id]);
  story.say(`candidate ${id} is ${checked.state}; findings: ${checked.findings.length}`);
  for (const { severity, title } of checked.findings) story.say(`- ${severity}: ${title}`);
  const early = await consumer.verify(`${published}:1.0`);
  story.expect('before the decision nobody can get it from the store', !early.ok);

  const approval = ['candidate', 'approve', id, '--reason', 'shown in a demonstration'];
  await store.command(approval, { as: rita });
  story.say('rita approved it: "shown in a demonstration"');

  story.chapter('seal and serve: the store signs, and shows all in one step');
  await store.command(['candidate', 'wait', id, '--for', 'published', '--timeout', '15s']);
  const history = await store.command<{ step: string; at: string; actor: string }[]>([
    ...['candidate', 'history', id],
  ]);
  for (const { at, step, actor } of history) {
    story.say(`${at.slice(11, 23)}  ${step.padEnd(8)} by ${actor}`);
  }
}

async function consume(consumer: Machine, published: string, image: DemoImage): Promise<void> {
  story.chapter('A consumer with an empty trust folder pulls it');
  const found = await consumer.verify(`${published}:1.0`);
  story.tell(found);
  story.expect('every link holds, from the root to the last byte', found.ok);
  const digest = found.ok ? found.digest : undefined;
  story.expect('it is the image that paula built', digest === image.digest, String(digest));
  const signers = new Set(linkOf(found.links, 'target')?.by.flatMap(({ name }) => name ?? []));
  story.expect('the store signed it, and nobody else', signers.size === 1 && !signers.has('paula'));
  const pulled = await consumer.pull(parseImageReference(published), found);
  story.expect(
    'the registry gives the same bytes',
    pulled !== undefined && Buffer.compare(pulled.bytes, image.manifest) === 0,
  );
}

async function refuseUnsigned(
  store: DemoStore,
  producer: Machine,
  consumer: Machine,
  staging: string,
  published: string,
): Promise<void> {
  story.chapter('What is not signed is refused');
  await producer.push(`${staging}:2.0`, buildImage('Hello, unsigned'));
  story.say(`paula pushed ${staging}:2.0 and did not sign it`);
  const inStore = await consumer.verify(`${published}:2.0`);
  refused('the store does not have it', inStore, 'TUF_TARGET_UNKNOWN');

  const plain = `${store.host}/acme/plain:1`;
  await producer.push(plain, buildImage('Hello, plain'));
  story.say(`paula pushed ${plain}, an ordinary repository, and did not sign there either`);
  refused('she herself does not get it', await producer.verify(plain), 'CLIENT_NO_TRUST_DATA');
}

async function refuseTampered(
  store: DemoStore,
  producer: Machine,
  consumer: Machine,
  staging: string,
  published: string,
  image: DemoImage,
): Promise<void> {
  story.chapter('What was tampered with is refused');
  const hex = hexOf(image.layerDigest);
  const file = join(store.data, 'blobs/sha256', hex.slice(0, 2), hex);
  const bytes = readFileSync(file);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  story.say(`one bit of the layer ${short(image.layerDigest)} was changed on the store's disk`);
  const found = await consumer.verify(`${published}:1.0`);
  story.tell({ ...found, links: found.links.slice(-1) });
  const failed = linkOf(found.links, 'layer');
  story.expect('the consumer refuses it, and names the layer', !found.ok && failed?.ok === false);

  await producer.sign(`${staging}:3.0`, [targetOf('3.0', image)]);
  await producer.push(`${staging}:3.0`, image);
  const { id } = await candidateFor(store, image, '3.0');
  await store.command(['candidate', 'wait', id, '--for', 'refused', '--timeout', '15s']);
  const { refusal } = await store.command<Candidate>(['candidate', 'show', id]);
  story.say(`paula signed the same bytes as 3.0; the store says ${refusal?.code}`);
  story.expect('the store refuses to certify it', refusal?.code.startsWith('CHECK_') === true);
}

function refused(what: string, found: Awaited<ReturnType<Machine['verify']>>, code: string): void {
  const reason = found.ok ? 'it was verified' : found.reason.code;
  if (!found.ok) story.say(`${found.reason.code}: ${found.reason.message}`);
  story.expect(what, reason === code, reason);
}

function targetOf(name: string, { digest, manifest }: DemoImage) {
  return { kind: 'add-target', name, digest, sizeBytes: manifest.length } as const;
}

function linkOf(links: readonly Link[], name: Link['link']): Link | undefined {
  return links.findLast(({ link }) => link === name);
}

/** The candidate that a signature opened; the store admits it a moment later. */
async function candidateFor(store: DemoStore, image: DemoImage, tag: string): Promise<Candidate> {
  for (const until = Date.now() + 10_000; Date.now() < until; ) {
    const list = await store.command<Candidate[]>(['candidate', 'list', '--tag', tag]);
    const found = list.find(({ digest }) => digest === image.digest);
    if (found) return found;
  }
  throw new Error(`no candidate for ${tag} appeared`);
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}
