/**
 * The server is killed with SIGKILL between every two steps of the chain and at random within
 * them. Started again, each candidate reaches the same end; and somebody who polls throughout
 * never sees a tag without its signature, nor a signature without its manifest.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DockerCli } from '../support/docker-cli.ts';
import { buildImage } from '../support/docker-images.ts';
import { type Engine, startEngine } from '../support/engine.ts';
import { ServerProcess } from '../support/server-process.ts';
import {
  candidateOf,
  candidates,
  historyOf,
  paula,
  pushSigned,
  reached,
  rita,
} from '../support/server-process-chain.ts';
import { watchStore } from '../support/server-process-watcher.ts';

const policy = { approval: 'automatic' };
const chain = ['admit', 'check', 'copy', 'review', 'approve', 'seal', 'serve'];

/** The step that is held, and the state in which the candidate then waits for it. */
const holds = [
  ['check', 'admitted'],
  ['copy', 'checked'],
  ['review', 'copied'],
  ['seal', 'approved'],
  ['serve', 'sealed'],
] as const;

let engine: Engine;
let server: ServerProcess;
let producer: DockerCli;
before(async () => {
  engine = await startEngine();
  server = await ServerProcess.start({ policy, hold: 'check' });
  await server.addUser(paula);
  await server.addUser(rita);
  producer = new DockerCli(engine.host);
  await producer.login(server.host, paula.name, paula.password);
});
after(async () => {
  producer[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
  await engine.stop();
});

test('killed between every two steps, a candidate reaches the same end', async () => {
  await using watcher = watchStore(server, 'store/acme/app');
  const image = `${server.host}/staging/acme/app:1`;
  await buildImage(producer, image);
  const digest = await pushSigned(producer, image);
  const { id } = await candidateOf(server, { repository: 'staging/acme/app', tag: '1' });

  for (const [step, state] of holds) {
    if (step !== 'check') await server.up({ policy, hold: step });
    await stateOf(id, state);
    await watcher.looked();
    assert.deepEqual(watcher.tags(), [], `visible before ${step}`);
    await server.kill();
  }
  await server.up({ policy });
  await reached(server, id, 'published');
  await watcher.looked();
  assert.deepEqual(watcher.tags(), ['1']);
  assert.deepEqual(watcher.troubles, []);
  await endsLikeAnyOther(id);
  using consumer = new DockerCli(engine.host);
  const pulled = await consumer.must(['pull', `${server.host}/store/acme/app:1`], { trust: true });
  assert.ok(pulled.stdout.includes(digest));
});

test('killed again and again at random, every candidate reaches the same end', async () => {
  await using watcher = watchStore(server, 'store/acme/many');
  const tags = ['1', '2', '3', '4', '5', '6'];
  await server.restart({ policy, hold: 'check' });
  for (const tag of tags) {
    const image = `${server.host}/staging/acme/many:${tag}`;
    await buildImage(producer, image, { dockerfile: ['USER 1000'] });
    await pushSigned(producer, image);
    // The signature has just been accepted: perhaps nobody has looked at it yet.
    await server.kill();
    await server.up({ policy, hold: 'check' });
  }
  for (const tag of tags) await candidateOf(server, { repository: 'staging/acme/many', tag });
  await server.stop();

  const kills = Number(process.env.SLOW ? 60 : 8);
  for (let kill = 0; kill < kills; kill++) {
    await server.up({ policy });
    await sleep(Math.random() * 400);
    await server.kill();
  }
  await server.up({ policy });
  const mine = (await candidates(server)).filter(
    ({ repository }) => repository === 'staging/acme/many',
  );
  assert.equal(mine.length, tags.length);
  for (const { id } of mine) {
    await reached(server, id, 'published');
    await endsLikeAnyOther(id);
  }
  await watcher.looked();
  assert.deepEqual(watcher.tags(), tags);
  assert.deepEqual(watcher.troubles, []);
});

test('killed while an image is pushed and signed, it takes the push again', async () => {
  await using watcher = watchStore(server, 'store/acme/again');
  const image = `${server.host}/staging/acme/again:1`;
  await buildImage(producer, image, {
    files: { payload: randomBytes(20_000_000) },
    dockerfile: ['USER 1000', 'COPY payload /payload'],
  });
  for (let kill = 0; kill < 5; kill++) {
    const pushing = producer.run(['push', image], { trust: true });
    await sleep(100 + Math.random() * 800);
    await server.kill();
    await server.up({ policy });
    await pushing;
  }
  const digest = await pushSigned(producer, image);
  const { id } = await candidateOf(server, { repository: 'staging/acme/again', tag: '1' });
  assert.equal((await reached(server, id, 'published')).digest, digest);
  await watcher.looked();
  assert.deepEqual(watcher.tags(), ['1']);
  assert.deepEqual(watcher.troubles, []);
});

async function stateOf(id: string, wanted: string): Promise<void> {
  let state = '';
  for (const until = Date.now() + 20_000; Date.now() < until; await sleep(100)) {
    ({ state } = (await candidates(server)).find((one) => one.id === id) ?? { state: 'absent' });
    if (state === wanted) return;
  }
  assert.fail(`the candidate is ${state}, not ${wanted}\n${server.log.slice(-2_000)}`);
}

/** Every step once, in order, and a list of hashes that agrees. */
async function endsLikeAnyOther(id: string): Promise<void> {
  assert.deepEqual(
    (await historyOf(server, id)).map(({ step }) => step),
    chain,
  );
  await server.mustCli(['candidate', 'history', '--verify'], { as: rita });
}
