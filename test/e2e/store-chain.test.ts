/**
 * The page "Docker Store trust chain", told with the real docker CLI and engine: a producer signs
 * and pushes into staging, the store checks and reviews, a person approves, the store signs, and a
 * consumer who has nothing but content trust pulls and runs what the store has signed.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { printed } from '../support/command.ts';
import { DockerCli } from '../support/docker-cli.ts';
import { buildImage, greetingOf } from '../support/docker-images.ts';
import { type Engine, startEngine } from '../support/engine.ts';
import { NotaryCli } from '../support/notary-cli.ts';
import { RegistryUser } from '../support/registry-user.ts';
import { ServerProcess } from '../support/server-process.ts';
import {
  approve,
  type CandidateView,
  candidateOf,
  candidates,
  carol,
  type HistoryView,
  historyOf,
  paula,
  pushSigned,
  reached,
  rita,
} from '../support/server-process-chain.ts';

const storeName = 'assay';
const chain = ['admit', 'check', 'copy', 'review', 'approve', 'seal', 'serve'];

interface Inspected {
  readonly SignedTags: { SignedTag: string; Digest: string; Signers: string[] }[];
  readonly Signers: { Name: string }[];
}

let engine: Engine;
let server: ServerProcess;
let producer: DockerCli;
before(async () => {
  engine = await startEngine();
  server = await ServerProcess.start({
    storeName,
    policy: { registry: { deleteSigned: 'revoke' } },
  });
  producer = new DockerCli(engine.host);
});
after(async () => {
  producer[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
  await engine.stop();
});

const staging = (rest: string) => `${server.host}/staging/acme/${rest}`;
const store = (rest: string) => `${server.host}/store/acme/${rest}`;

describe('an image', () => {
  let digest: string;
  let id: string;

  test('has a producer, a reviewer and a consumer', async () => {
    for (const { name, role, password, ...rest } of [paula, rita, carol]) {
      const where = 'namespace' in rest ? ['--namespace', rest.namespace] : [];
      const args = ['user', 'add', name, '--role', role, ...where, '--password-stdin'];
      await server.mustCli(args, { input: password });
    }
    const users = await server.json<{ name: string; role: string }[]>(['user', 'list']);
    assert.deepEqual(users.map(({ name, role }) => `${name} ${role}`).sort(), [
      'admin admin',
      'carol consumer',
      'paula producer',
      'rita reviewer',
    ]);
  });

  test('is signed and pushed into staging by its producer', async () => {
    const said = await producer.login(server.host, paula.name, paula.password);
    assert.match(said.stdout, /Login Succeeded/);
    await buildImage(producer, staging('app:1'));
    digest = await pushSigned(producer, staging('app:1'));
  });

  test('becomes a candidate, and waits for a decision', async () => {
    const found = await candidateOf(server, { repository: 'staging/acme/app', tag: '1' });
    assert.equal(found.digest, digest);
    id = found.id;
    await server.mustCli(['candidate', 'wait', id, '--for', 'decision', '--timeout', '60s'], {
      as: rita,
    });
    const listed = await server.json<CandidateView[]>(['candidate', 'list'], { as: rita });
    assert.deepEqual(
      listed.map(({ repository, tag, state }) => ({ repository, tag, state })),
      [{ repository: 'staging/acme/app', tag: '1', state: 'reviewed' }],
    );
    const shown = await server.mustCli(['candidate', 'show', id], { as: rita });
    assert.ok(shown.stdout.includes(digest), printed(shown));
  });

  test('is not in the store before', async () => {
    using consumer = new DockerCli(engine.host);
    const pulled = await consumer.run(['pull', store('app:1')], { trust: true });
    assert.equal(pulled.code, 1);
    assert.match(
      pulled.stderr,
      /^Error: remote trust data does not exist for \S+\/store\/acme\/app: /,
    );
    const plainly = await consumer.run(['pull', store('app:1')]);
    assert.equal(plainly.code, 1, printed(plainly));
  });

  test('can be looked at in certification by the reviewer, and not by its producer', async () => {
    const image = `${server.host}/certification/acme/app:1`;
    const refused = await producer.run(['pull', image]);
    assert.equal(refused.code, 1, printed(refused));
    assert.match(refused.stderr, /denied/);
    using reviewer = new DockerCli(engine.host);
    await reviewer.login(server.host, rita.name, rita.password);
    const pulled = await reviewer.must(['pull', image]);
    assert.ok(pulled.stdout.includes(`Digest: ${digest}`), printed(pulled));
  });

  test('is approved with a reason, and published', async () => {
    const early = await server.cli(
      ['candidate', 'wait', id, '--for', 'published', '--timeout', '1s'],
      { as: rita },
    );
    assert.equal(early.code, 2, printed(early));
    await server.mustCli(['candidate', 'approve', id, '--reason', 'looks right'], { as: rita });
    await server.mustCli(['candidate', 'wait', id, '--for', 'published', '--timeout', '60s'], {
      as: rita,
    });
  });

  test('is pulled and run by a consumer with an empty docker configuration', async () => {
    const local = await producer.must(['images', '--quiet', '--no-trunc']);
    await producer.must(['rmi', '--force', ...new Set(local.stdout.trim().split('\n'))]);
    using consumer = new DockerCli(engine.host);
    const pulled = await consumer.must(['pull', store('app:1')], { trust: true });
    assert.ok(
      pulled.stdout.includes(`Pull (1 of 1): ${store('app:1')}@${digest}`),
      printed(pulled),
    );
    assert.match(pulled.stdout, /^Status: Downloaded newer image for /m);
    const ran = await consumer.must(['run', '--rm', '--network', 'none', store('app:1')], {
      trust: true,
    });
    assert.equal(ran.stdout, `${greetingOf(staging('app:1'))}\n`);
  });

  test('bears one signature, the store’s', async () => {
    using consumer = new DockerCli(engine.host);
    const { stdout } = await consumer.must(['trust', 'inspect', store('app')]);
    const [inspected] = JSON.parse(stdout) as [Inspected];
    assert.deepEqual(inspected.SignedTags, [
      { SignedTag: '1', Digest: digest.slice('sha256:'.length), Signers: [storeName] },
    ]);
    assert.deepEqual(
      inspected.Signers.map(({ Name }) => Name),
      [storeName],
    );
    const pretty = await consumer.must(['trust', 'inspect', '--pretty', store('app:1')]);
    assert.match(pretty.stdout, /^1\s+[0-9a-f]{64}\s+assay$/m);
  });

  test('is listed by notary in the same words', async () => {
    using notary = new NotaryCli(server);
    const size = (await manifestOf('store/acme/app', '1')).length;
    for (const role of ['targets/releases', `targets/${storeName}`]) {
      assert.deepEqual(await notary.list(store('app'), role), [
        { name: '1', digest: digest.slice('sha256:'.length), sizeBytes: size, role },
      ]);
    }
  });

  test('is explained by countermark verify, link by link', async () => {
    const verified = await server.mustCli(['verify', store('app:1')]);
    assert.match(verified.stdout, new RegExp(storeName));
    const absent = await server.cli(['verify', store('app:2')]);
    assert.equal(absent.code, 1, printed(absent));
  });

  test('has its whole history, and the hashes of the history agree', async () => {
    const entries = await server.json<HistoryView[]>(['candidate', 'history', id], { as: rita });
    assert.deepEqual(
      entries.map(({ step }) => step),
      chain,
    );
    const approval = entries.find(({ step }) => step === 'approve');
    assert.deepEqual([approval?.actor, approval?.reason], ['rita', 'looks right']);
    await server.mustCli(['candidate', 'history', '--verify'], { as: rita });
  });

  test('stays when the next version is published beside it', async () => {
    await buildImage(producer, staging('app:2'));
    await pushSigned(producer, staging('app:2'));
    const next = await candidateOf(server, { repository: 'staging/acme/app', tag: '2' });
    await reached(server, next.id, 'decision');
    await approve(server, next.id, 'also right');
    await reached(server, next.id, 'published');
    using consumer = new DockerCli(engine.host);
    for (const tag of ['1', '2']) {
      await consumer.must(['pull', store(`app:${tag}`)], { trust: true });
    }
    assert.equal((await candidates(server)).length, 2);
  });

  test('is pulled by nobody once it was recalled, and the next version by all', async () => {
    using consumer = new DockerCli(engine.host);
    await consumer.must(['pull', store('app:1')], { trust: true });
    await server.mustCli(['candidate', 'recall', id, '--reason', 'a flaw was found'], { as: rita });
    using another = new DockerCli(engine.host);
    for (const docker of [consumer, another]) {
      const pulled = await docker.run(['pull', store('app:1')], { trust: true });
      assert.equal(pulled.code, 1, printed(pulled));
      assert.match(pulled.stderr, /No valid trust data for 1/);
      await docker.must(['pull', store('app:2')], { trust: true });
    }
    using anonymous = new RegistryUser(server.url);
    for (const reference of ['1', digest]) {
      const plainly = await anonymous.request('GET', `/v2/store/acme/app/manifests/${reference}`);
      assert.equal(plainly.status, 404, reference);
    }
    await server.mustCli(['candidate', 'history', '--verify'], { as: rita });
  });

  test('is signed no more once its tag was deleted by the registry, for docker and for notary', async () => {
    using reviewer = new RegistryUser(server.url, rita);
    const path = '/v2/store/acme/app/manifests/2';
    assert.equal((await reviewer.request('DELETE', path)).status, 202);
    using consumer = new DockerCli(engine.host);
    const pulled = await consumer.run(['pull', store('app:2')], { trust: true });
    assert.equal(pulled.code, 1, printed(pulled));
    assert.match(pulled.stderr, /No valid trust data for 2/);
    const plainly = await consumer.run(['pull', store('app:2')]);
    assert.equal(plainly.code, 1, printed(plainly));
    using notary = new NotaryCli(server);
    assert.deepEqual(await notary.list(store('app'), 'targets/releases'), []);
    const { id } = await candidateOf(server, { repository: 'staging/acme/app', tag: '2' });
    const { step, actor } = (await historyOf(server, id)).at(-1) ?? assert.fail();
    assert.deepEqual([step, actor], ['recall', 'rita']);
  });
});

describe('an image for several platforms', () => {
  const platforms = ['amd64', 'arm64'] as const;

  test('is pushed as an index, signed with notary, and published whole', async () => {
    using registry = new RegistryUser(server.url, paula);
    const manifests = [];
    for (const architecture of platforms) {
      const tag = `multi:${architecture}`;
      await buildImage(producer, staging(tag));
      await producer.must(['push', staging(tag)]);
      const bytes = await manifestOf('staging/acme/multi', architecture, registry);
      manifests.push({
        mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
        digest: await digestAt('staging/acme/multi', architecture, registry),
        size: bytes.length,
        platform: { architecture, os: 'linux' },
      });
    }
    const index = await registry.pushManifest('staging/acme/multi', '1', {
      schemaVersion: 2,
      mediaType: 'application/vnd.docker.distribution.manifest.list.v2+json',
      manifests,
    });

    using notary = new NotaryCli(server, paula);
    await notary.must(['init', staging('multi'), '--publish']);
    const hash = index.digest.slice('sha256:'.length);
    await notary.must([
      ...['addhash', staging('multi'), '1', String(index.size), '--sha256', hash, '--publish'],
    ]);
    const candidate = await candidateOf(server, { repository: 'staging/acme/multi', tag: '1' });
    await reached(server, candidate.id, 'decision');
    await approve(server, candidate.id, 'both');
    await reached(server, candidate.id, 'published');
    assert.equal(await digestAt('store/acme/multi', '1'), index.digest);
    for (const { digest } of manifests) {
      assert.equal(await digestAt('store/acme/multi', digest), digest);
    }
  });

  test('runs for the consumer on their own platform', async () => {
    using consumer = new DockerCli(engine.host);
    const ran = await consumer.must(['run', '--rm', '--network', 'none', store('multi:1')], {
      trust: true,
    });
    const here = process.arch === 'arm64' ? 'arm64' : 'amd64';
    assert.equal(ran.stdout, `${greetingOf(staging(`multi:${here}`))}\n`);
  });
});

async function manifestOf(repository: string, reference: string, user?: RegistryUser) {
  return (await manifestAnswer(repository, reference, user)).body;
}

async function digestAt(repository: string, reference: string, user?: RegistryUser) {
  return (await manifestAnswer(repository, reference, user)).headers['docker-content-digest'] ?? '';
}

async function manifestAnswer(repository: string, reference: string, user?: RegistryUser) {
  using anonymous = new RegistryUser(server.url);
  const types = ['manifest.v2', 'manifest.list.v2'];
  const accept = types.map((type) => `application/vnd.docker.distribution.${type}+json`).join(', ');
  const answer = await (user ?? anonymous).request(
    'GET',
    `/v2/${repository}/manifests/${reference}`,
    { headers: { accept } },
  );
  assert.equal(answer.status, 200, String(answer.body));
  return answer;
}
