/**
 * What does not get through, each for its own reason, and nothing of it stands in certification or
 * store afterwards. The producer's side is the real docker CLI (and notary, where docker would not
 * lie); the damage is done to the data folder while the server is stopped.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { printed } from '../support/command.ts';
import { isDenied } from '../support/denied.ts';
import { DockerCli } from '../support/docker-cli.ts';
import { buildImage, wellKept } from '../support/docker-images.ts';
import { type Engine, startEngine } from '../support/engine.ts';
import { NotaryCli } from '../support/notary-cli.ts';
import { type Digests, digestsOf, manifestOf } from '../support/pushed-image.ts';
import { advisory, keyLine, refusedImages } from '../support/refused-images.ts';
import { RegistryUser } from '../support/registry-user.ts';
import { admin, ServerProcess } from '../support/server-process.ts';
import {
  candidateOf,
  candidates,
  carol,
  paula,
  pushSigned,
  reached,
  rita,
  rival,
} from '../support/server-process-chain.ts';
import { holdings, noTraces, type Traces, traces } from '../support/server-process-leavings.ts';
import {
  changeBlob,
  changeManifest,
  cutBlob,
  expireTimestamp,
  forgeTimestamp,
  removeBlob,
  rollBack,
  timestampVersion,
} from '../support/server-process-tamper.ts';

let engine: Engine;
let server: ServerProcess;
let producer: DockerCli;
let advisories: string;
before(async () => {
  engine = await startEngine();
  advisories = mkdtempSync(join(tmpdir(), 'cm-advisories-'));
  writeFileSync(join(advisories, 'CVE-2099-0001.json'), JSON.stringify(advisory));
  server = await ServerProcess.start({ advisories });
  for (const user of [paula, rival, rita, carol]) await server.addUser(user);
  producer = new DockerCli(engine.host);
  await producer.login(server.host, paula.name, paula.password);
});
after(async () => {
  producer[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
  await engine.stop();
  rmSync(advisories, { recursive: true });
});

const staging = (rest: string) => `${server.host}/staging/acme/${rest}`;

describe('the review refuses', () => {
  for (const { name, title, finding, code, ...plan } of refusedImages) {
    test(title, async () => {
      await buildImage(producer, staging(`${name}:1`), plan);
      await pushSigned(producer, staging(`${name}:1`));
      const { id } = await candidateOf(server, { repository: `staging/acme/${name}`, tag: '1' });
      const refused = await reached(server, id, 'refused');
      assert.equal(refused.refusal?.code, code, JSON.stringify(refused.refusal));
      const blocking = refused.findings.filter(({ blocks }) => blocks);
      assert.ok(
        blocking.some(({ rule, title, aliases }) =>
          finding.test([rule, title, ...aliases].join(' ')),
        ),
        JSON.stringify(refused.findings, null, 1),
      );
      assert.ok(!JSON.stringify(refused).includes(keyLine));
      assert.deepEqual(traces(server, `acme/${name}`), noTraces);
      const approved = await server.cli(['candidate', 'approve', id, '--reason', 'anyway'], {
        as: rita,
      });
      assert.equal(approved.code, 1, printed(approved));
    });
  }
});

/** Damage to a candidate that waits for its check, and the one code that must name it. */
interface Damage {
  readonly name: string;
  readonly title: string;
  readonly code: string;
  /** Instead of signing with docker. */
  readonly sign?: (name: string) => Promise<void>;
  /** With the server stopped. */
  readonly harm?: (name: string, image: Digests) => unknown;
}

// biome-ignore format: a table
const damages: readonly Damage[] = [
  { name: 'layer-changed', title: 'a layer whose bytes changed on disk', code: 'CHECK_LAYER_CORRUPT',
    harm: (_, { layer }) => changeBlob(server, layer) },
  { name: 'layer-cut', title: 'a layer that was cut short', code: 'CHECK_LAYER_CORRUPT',
    harm: (_, { layer }) => cutBlob(server, layer) },
  { name: 'layer-gone', title: 'a layer that is gone', code: 'CHECK_LAYER_MISSING',
    harm: (_, { layer }) => removeBlob(server, layer) },
  { name: 'config-changed', title: 'a config whose bytes changed on disk', code: 'CHECK_CONFIG_CORRUPT',
    harm: (_, { config }) => changeBlob(server, config) },
  { name: 'manifest-changed', title: 'a manifest whose bytes changed in the database', code: 'CHECK_MANIFEST_CORRUPT',
    harm: (_, { manifest }) => changeManifest(server, manifest) },
  { name: 'length-lies', title: 'a target whose length lies', code: 'CHECK_LENGTH_MISMATCH',
    sign: (name) => signByHand(name, 1) },
  { name: 'expired', title: 'a timestamp that has expired', code: 'CHECK_TIMESTAMP_EXPIRED',
    harm: (name) => expireTimestamp(server, `staging/acme/${name}`) },
  { name: 'forged', title: 'a timestamp that nobody signed', code: 'CHECK_SIGNATURE_THRESHOLD',
    harm: (name) => forgeTimestamp(server, `staging/acme/${name}`) },
  { name: 'rolled-back', title: 'a repository put back to an earlier state', code: 'CHECK_ROLLBACK',
    harm: (name) => rollBack(server, `staging/acme/${name}`, firstSeen) },
];

/** Timestamp version of `rolled-back` before its second tag was signed. */
let firstSeen: number;

describe('the check refuses', () => {
  const ids = new Map<string, string>();
  const stood = new Map<string, Traces>();

  before(async () => {
    await signTwice('rolled-back');
    await server.restart({ advisories, hold: 'check' });
    const images = new Map<string, Digests>();
    for (const { name, sign } of damages) {
      const image = staging(`${name}:last`);
      await buildImage(producer, image, {
        files: { unique: `a layer of ${name} alone` },
        dockerfile: [...wellKept, 'COPY unique /unique'],
      });
      if (sign === undefined) await pushSigned(producer, image);
      else {
        await producer.must(['push', image]);
        await sign(name);
      }
      images.set(name, await digestsOf(server, paula, `staging/acme/${name}`, 'last'));
      const candidate = { repository: `staging/acme/${name}`, tag: 'last' };
      ids.set(name, (await candidateOf(server, candidate)).id);
    }
    await server.stop();
    for (const { name } of damages) stood.set(name, traces(server, `acme/${name}`));
    for (const { name, harm } of damages) await harm?.(name, images.get(name) as Digests);
    await server.up({ advisories });
  });

  for (const { name, title, code } of damages) {
    test(title, async () => {
      const refused = await reached(server, ids.get(name) ?? '', 'refused');
      assert.equal(refused.refusal?.code, code, JSON.stringify(refused.refusal));
      assert.deepEqual(traces(server, `acme/${name}`), stood.get(name));
      using consumer = new DockerCli(engine.host);
      const pulled = await consumer.run(['pull', `${server.host}/store/acme/${name}:last`], {
        trust: true,
      });
      assert.match(pulled.stderr, /remote trust data does not exist/, printed(pulled));
    });
  }

  for (const name of ['layer-changed', 'layer-gone', 'config-changed', 'manifest-changed']) {
    test(`${name}: pushed again, the image is whole, and the candidate passes when it is reopened`, async () => {
      const id = ids.get(name) ?? '';
      const tooEarly = await server.cli(['candidate', 'reopen', id, '--reason', 'try'], {
        as: paula,
      });
      assert.equal(tooEarly.code, 1, printed(tooEarly));
      await producer.must(['push', staging(`${name}:last`)]);
      await server.mustCli(['candidate', 'reopen', id, '--reason', 'pushed again'], { as: rita });
      const waiting = await reached(server, id, 'decision');
      assert.equal(waiting.state, 'reviewed', JSON.stringify(waiting.refusal));
    });
  }
});

describe('an image that was pushed and not signed', () => {
  test('is shown as unsigned, is no candidate, and is not published', async () => {
    const image = staging('unsigned:1');
    await buildImage(producer, image, { dockerfile: [] });
    await producer.must(['push', image]);
    const unsigned = await server.json<{ repository: string; tag: string }[]>(
      ['candidate', 'list', '--unsigned'],
      { as: paula },
    );
    assert.deepEqual(
      unsigned
        .filter(({ repository }) => repository === 'staging/acme/unsigned')
        .map(({ tag }) => tag),
      ['1'],
    );
    const all = await candidates(server);
    assert.ok(!all.some(({ repository }) => repository === 'staging/acme/unsigned'));
    assert.deepEqual(traces(server, 'acme/unsigned'), noTraces);
  });
});

describe('nobody else may', () => {
  const strangers = {
    'a second producer': rival,
    'a consumer': carol,
    'an anonymous reader': undefined,
  };
  const closed = ['staging/acme/secluded', 'certification/acme/secluded'];

  before(async () => {
    await buildImage(producer, staging('secluded:1'));
    await pushSigned(producer, staging('secluded:1'));
    const { id } = await candidateOf(server, { repository: 'staging/acme/secluded', tag: '1' });
    await reached(server, id, 'decision');
    assert.ok(traces(server, 'acme/secluded').manifests > 0, 'nothing was copied');
  });

  for (const [who, user] of Object.entries(strangers)) {
    for (const repository of closed) {
      test(`read or write ${repository} as ${who}`, async () => {
        await isDenied(server, user, repository, ['GET', 'HEAD', 'POST', 'PUT', 'DELETE']);
        using docker = new DockerCli(engine.host);
        if (user) await docker.login(server.host, user.name, user.password);
        for (const trust of [false, true]) {
          const pulled = await docker.run(['pull', `${server.host}/${repository}:1`], { trust });
          assert.equal(pulled.code, 1, printed(pulled));
          assert.match(pulled.stderr, /denied|not authorized|unauthorized/, printed(pulled));
        }
        await pushIsDenied(docker, `${server.host}/${repository}:1`);
      });
    }
  }

  const everybody = {
    ...strangers,
    'the producer': paula,
    'a reviewer': rita,
    'the administrator': admin,
  };
  for (const [who, user] of Object.entries(everybody)) {
    test(`push to the store as ${who}`, async () => {
      const repository = 'store/acme/secluded';
      await isDenied(server, user, repository, ['POST', 'PUT', 'DELETE']);
      using docker = new DockerCli(engine.host);
      if (user) await docker.login(server.host, user.name, user.password);
      await pushIsDenied(docker, `${server.host}/${repository}:1`);
      using notary = new NotaryCli(server, user);
      const signed = await notary.run(['init', `${server.host}/${repository}`, '--publish']);
      assert.equal(signed.code, 1, printed(signed));
      assert.equal(traces(server, 'acme/secluded').trustFiles, 0);
    });
  }
});

/** Two tags, each checked, so that the check has seen the repository move on. */
async function signTwice(name: string): Promise<void> {
  for (const tag of ['1', '2']) {
    await buildImage(producer, staging(`${name}:${tag}`));
    await pushSigned(producer, staging(`${name}:${tag}`));
    const { id } = await candidateOf(server, { repository: `staging/acme/${name}`, tag });
    await reached(server, id, 'decision');
    if (tag === '1') firstSeen = await timestampVersion(server, `staging/acme/${name}`);
  }
}

/** Signs what was pushed as `last`, with a length that is wrong by so many bytes. */
async function signByHand(name: string, wrongByBytes: number): Promise<void> {
  using registry = new RegistryUser(server.url, paula);
  const { bytes, digest } = await manifestOf(registry, `staging/acme/${name}`, 'last');
  using notary = new NotaryCli(server, paula);
  const gun = staging(name);
  await notary.must(['init', gun, '--publish']);
  const size = String(bytes.length + wrongByBytes);
  const hash = digest.slice('sha256:'.length);
  await notary.must(['addhash', gun, 'last', size, '--sha256', hash, '--publish']);
}

/** With content trust and without. */
async function pushIsDenied(docker: DockerCli, image: string): Promise<void> {
  const before = holdings(server);
  await docker.must(['tag', staging('secluded:1'), image]);
  for (const trust of [false, true]) {
    const pushed = await docker.run(['push', image], { trust });
    assert.equal(pushed.code, 1, printed(pushed));
    assert.match(pushed.stderr, /denied|unauthorized/, printed(pushed));
  }
  assert.deepEqual(holdings(server), before);
}
