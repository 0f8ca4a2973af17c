import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { freePort } from '../../../test/support/free-port.ts';
import { ImageBuilder } from '../../../test/support/image-builder.ts';
import { type Login, RegistryUser } from '../../../test/support/registry-user.ts';
import { sound } from '../../../test/support/reviewed-image.ts';
import { partsOf, type SimulatedPublisher } from '../../../test/support/simulated-publisher.ts';
import { edits } from '../../../test/support/trust-world.ts';
import { publishedOn, WireTrust } from '../../../test/support/wire-publisher.ts';
import { wireRequest } from '../../../test/support/wire-request.ts';
import { type Digest, isStoreError, Secret, sha256Of } from '../../base/index.ts';
import { type Targets, withTarget } from '../../tuf/index.ts';
import { parseConfig } from '../config.ts';
import { DataFolder } from '../state/data-folder.ts';
import { type RunningStore, startStore } from './start-store.ts';

/*
 * A whole store whose policy makes deletions in `store/` recalls, asked as registry clients ask. It
 * has published one image as `1` and as `v3`, which is immutable, and another one as `2`.
 */
const folder = mkdtempSync(join(tmpdir(), 'cm-delete-'));
const password = 'a password for a test';
const [staging, published] = ['staging/acme/app', 'store/acme/app'];
const rules = {
  immutableTags: [{ repositories: 'store/**', tags: 'v*' }],
  signedOnly: [{ repositories: 'store/**' }],
};
let store: RunningStore;
let host = '';
/** Where it listened first: the host of what it signs. */
let name = '';
let publisher: SimulatedPublisher | undefined;
let digests: Record<string, Digest> = {};
const login = (user: string): Login => ({ name: user, password });

async function start(deleteSigned: string): Promise<void> {
  const policy = join(folder, 'policy.yaml');
  const severities = { critical: 'note', high: 'note', medium: 'note' };
  const registry = { ...rules, deleteSigned };
  writeFileSync(policy, JSON.stringify({ approval: 'automatic', severities, registry }));
  const origin = name === '' ? [] : [name];
  for (let tries = 1; ; tries++) {
    host = `127.0.0.1:${await freePort()}`;
    try {
      store = await startStore(parseConfig({ data: folder, listen: host, origin, policy }), {
        folder: DataFolder.open(folder),
        adminPassword: new Secret(password),
        log: pino({ level: 'silent' }),
        clock: () => new Date(),
      });
      break;
    } catch (error) {
      // Another process may have taken the port since.
      if (!isStoreError(error) || error.code !== 'LISTEN_FAILED' || tries === 5) throw error;
    }
  }
  name ||= host;
}

before(async () => {
  await start('revoke');
  await api('POST', '/users', { name: 'rita', role: 'reviewer', password });
  await api('POST', '/users', { name: 'carol', role: 'consumer', password });
  await api('POST', '/users', { name: 'paula', role: 'producer', namespaces: ['acme'], password });
  const first = await publish('first', ['1', 'v3']);
  digests = { 1: first, v3: first, 2: await publish('second', ['2']) };
});
after(async () => {
  await store?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Asks our own API, as the administrator. */
async function api(method: string, path: string, body?: object) {
  const authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
  const headers = { authorization, 'content-type': 'application/json' };
  const sent = body && { body: JSON.stringify(body) };
  const answer = await wireRequest(`https://${host}/api/v1${path}`, { method, headers, ...sent });
  assert.ok(answer.status < 300, `${path} was answered ${answer.status} ${answer.body}`);
  return JSON.parse(String(answer.body));
}

/**
 * Has the producer push and sign an image, and waits until the chain is done with it.
 * @returns its digest
 */
async function publish(note: string, tags: readonly string[]): Promise<Digest> {
  using paula = new RegistryUser(`https://${host}`, login('paula'));
  const gun = `${name}/${staging}`;
  const authorization = `Bearer ${await paula.token(`repository:${gun}:pull,push`)}`;
  const trust = new WireTrust(`https://${host}`, { headers: { authorization } });
  publisher ??= await publishedOn(trust, gun, new Date());
  const built = new ImageBuilder();
  const image = built.manifest({ ...sound, history: [{ created_by: note }] });
  for (const bytes of built.blobs.values()) await paula.pushBlob(staging, bytes, '');
  const { bytes } = built.manifests.get(image.digest) ?? assert.fail();
  for (const tag of tags) {
    await paula.pushManifest(staging, tag, JSON.parse(new TextDecoder().decode(bytes)));
  }
  const meta = {
    sizeBytes: bytes.length,
    hashes: new Map([['sha256', sha256Of(image.digest)]]),
  };
  const edit = (file: Targets) => tags.reduce((all, tag) => withTarget(all, tag, meta), file);
  const update = await publisher.update({ targets: edits([['targets', edit]]) }, new Date());
  assert.equal((await trust.upload(gun, partsOf(update))).status, 200);
  for (const until = Date.now() + 60_000; ; await sleep(50)) {
    const candidates: { digest: string; state: string }[] = await api('GET', '/candidates');
    const ends = candidates.filter(
      ({ digest, state }) => digest === image.digest && ['published', 'refused'].includes(state),
    );
    if (ends.length === tags.length) return image.digest;
    assert.ok(Date.now() < until, JSON.stringify(candidates));
  }
}

/** Tags that the store signs, and those that a reader sees. */
async function seen() {
  using reader = new RegistryUser(`https://${host}`);
  const signed = await reader.request(
    'GET',
    `/v2/${name}/${published}/_trust/tuf/targets/releases.json`,
  );
  const listed = await reader.request('GET', `/v2/${published}/tags/list`);
  const tags = (names: string[]) => names.sort().join(' ');
  return {
    signed: tags(Object.keys(JSON.parse(String(signed.body)).signed.targets)),
    listed: tags(JSON.parse(String(listed.body)).tags),
  };
}

/** @param path  below /v2/; TAG's digest may stand as `digest-of-TAG` */
async function ask(who: string, method: string, path: string, condition?: string) {
  const at = path.replace(/digest-of-(\w+)/, (_, tag: string) => digests[tag] ?? assert.fail(tag));
  using user = new RegistryUser(`https://${host}`, who === '-' ? undefined : login(who));
  const headers = condition === undefined ? {} : { 'if-match': `"${digests[condition]}"` };
  const { status, body } = await user.request(method, `/v2/${at}`, { headers });
  const [error] = String(body).startsWith('{"errors"') ? JSON.parse(String(body)).errors : [];
  return `${status} ${error?.detail?.reason ?? error?.code ?? ''}`.trim();
}

const trust = (repository: string) => `HOST/${repository}/_trust/tuf/`;

// biome-ignore format: one line a case
const refused: [who: string, method: string, path: string, answer: string, condition?: string][] = [
  ['-',     'DELETE', `${published}/manifests/2`,           '401 AUTH_REQUIRED'],
  ['carol', 'DELETE', `${published}/manifests/2`,           '401 AUTH_REQUIRED'],
  ['paula', 'DELETE', `${published}/manifests/2`,           '401 AUTH_REQUIRED'],
  ['paula', 'DELETE', `${staging}/manifests/2`,             '405 REGISTRY_SIGNED'],
  ['rita',  'DELETE', `${staging}/manifests/2`,             '401 AUTH_REQUIRED'],
  ['rita',  'PUT',    `${published}/manifests/2`,           '401 AUTH_REQUIRED'],
  ['rita',  'DELETE', `certification/acme/app/manifests/2`, '401 AUTH_REQUIRED'],
  ['rita',  'DELETE', trust(published),                     '401 UNAUTHORIZED'],
  ['rita',  'POST',   `${trust(published)}snapshot.key`,    '401 UNAUTHORIZED'],
  ['admin', 'DELETE', trust(published),                     '401 UNAUTHORIZED'],
  ['rita',  'DELETE', `${published}/blobs/digest-of-2`,     '405 REGISTRY_RECALL_NEEDED'],
  ['rita',  'DELETE', `${published}/manifests/v3`,          '403 REGISTRY_TAG_IMMUTABLE'],
  ['rita',  'DELETE', `${published}/manifests/digest-of-1`, '403 REGISTRY_TAG_IMMUTABLE'],
  ['rita',  'DELETE', `${published}/manifests/2`,           '412 REGISTRY_PRECONDITION', '1'],
  ['rita',  'DELETE', `${published}/manifests/4`,           '404 REGISTRY_MANIFEST_UNKNOWN'],
];

for (const [who, method, path, answer, condition] of refused) {
  const by = who === '-' ? 'nobody' : who;
  test(`${method} ${path} by ${by}${condition ? ', if it were another' : ''}: ${answer}`, async () => {
    assert.equal(await ask(who, method, path.replace('HOST', name), condition), answer);
    assert.deepEqual(await seen(), { signed: '1 2 v3', listed: '1 2 v3' });
  });
}

test('nor is an immutable tag moved, by whoever certifies another image for it', async () => {
  const digest = await publish('third', ['v3']);
  const candidates: { digest: string; refusal?: { code: string } }[] = await api(
    'GET',
    '/candidates?tag=v3',
  );
  const refused = candidates.find((candidate) => candidate.digest === digest);
  assert.equal(refused?.refusal?.code, 'CHAIN_TAG_IMMUTABLE');
  assert.deepEqual(await seen(), { signed: '1 2 v3', listed: '1 2 v3' });
});

test('whoever may recall deletes, and tag, signature and image are gone together', async () => {
  const path = `${published}/manifests/2`;
  assert.equal(await ask('rita', 'DELETE', path, '2'), '202');
  assert.deepEqual(await seen(), { signed: '1 v3', listed: '1 v3' });
  assert.equal(await ask('-', 'GET', path), '404 REGISTRY_MANIFEST_UNKNOWN');
  const image = `${published}/manifests/digest-of-2`;
  assert.equal(await ask('-', 'GET', image), '404 REGISTRY_MANIFEST_UNKNOWN');
  assert.equal(await ask('rita', 'DELETE', path), '404 REGISTRY_MANIFEST_UNKNOWN');
  assert.equal(await ask('rita', 'DELETE', image), '404 REGISTRY_MANIFEST_UNKNOWN');
  assert.equal(await ask('admin', 'DELETE', `${published}/manifests/1`), '202');
  assert.deepEqual(await seen(), { signed: 'v3', listed: 'v3' });
  for (const [tag, by] of [
    ['1', 'admin'],
    ['2', 'rita'],
  ]) {
    const [{ id }] = await api('GET', `/candidates?tag=${tag}`);
    const { step, actor, reason } = (await api('GET', `/candidates/${id}/history`)).at(-1);
    const told = `${published}:${tag} was deleted by the registry's API`;
    assert.deepEqual([step, actor, reason], ['recall', by, told]);
  }
});

for (const word of ['refuse', 'allow']) {
  test(`with "${word}" nobody deletes in the store by the registry's API`, async () => {
    await store[Symbol.asyncDispose]();
    await start(word);
    for (const who of ['rita', 'admin']) {
      const path = `${published}/manifests/digest-of-v3`;
      assert.equal(await ask(who, 'DELETE', path), '401 AUTH_REQUIRED');
    }
    assert.deepEqual(await seen(), { signed: 'v3', listed: 'v3' });
  });
}
