import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { base, NotaryWorld, refused } from '../../../test/support/notary-world.ts';
import { runs } from '../../../test/support/property-runs.ts';
import { gun } from '../../../test/support/trust-world.ts';
import { StoreError, Unavailable } from '../../base/index.ts';

const world = await NotaryWorld.start();
after(() => world[Symbol.asyncDispose]());

for (const [method, path, what] of [
  ['GET', 'BASEroot.json', `${gun}:pull`],
  ['HEAD', 'BASEroot.json', `${gun}:pull`],
  ['GET', `BASEroot.${'ab'.repeat(32)}.json`, `${gun}:pull`],
  ['GET', 'BASE1.root.json', `${gun}:pull`],
  ['POST', 'BASE', `${gun}:push,pull`],
  ['GET', 'BASEsnapshot.key', `${gun}:push,pull`],
  ['POST', 'BASEsnapshot.key', `${gun}:*`],
  ['DELETE', 'BASE', `${gun}:*`],
  ['GET', `/v2/${gun}/_trust/changefeed?records=1`, `${gun}:pull`],
  ['GET', '/v2/_trust/changefeed?records=1', 'catalog'],
  ['GET', `/v2/${gun}/_trust/else`, 'token'],
  ['PUT', 'BASE', 'token'],
  ['GET', '/v2/localhost:5443/UPPER/_trust/tuf/root.json', 'localhost:5443/UPPER:pull'],
] as const) {
  test(`${method} ${path} asks for ${what}, and nothing happens without it`, async () => {
    const before = await world.store.changes({ from: 'newest', limit: 1 });
    const challenge = 'Bearer realm="https://localhost/token"';
    world.refusal = new StoreError('AUTH_REQUIRED', 'sign in', { challenge });
    world.asked.length = 0;
    const answer = await world.send(method, path.replace('BASE', base));
    world.refusal = undefined;
    assert.deepEqual(world.asked, [what]);
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get('www-authenticate'), challenge);
    if (method !== 'HEAD') refused(answer, 401, 'UNAUTHORIZED');
    assert.deepEqual(await world.store.changes({ from: 'newest', limit: 1 }), before);
  });
}

test('what was asked for stands in the detail', async () => {
  world.refusal = new StoreError('AUTH_REQUIRED', 'sign in', {});
  const { detail } = refused(await world.send('POST', base), 401, 'UNAUTHORIZED');
  world.refusal = undefined;
  const common = { Type: 'repository', Class: '', Name: gun };
  assert.deepEqual(detail, [
    { ...common, Action: 'push' },
    { ...common, Action: 'pull' },
  ]);
});

for (const [code, status, notary] of [
  ['AUTH_DENIED', 403, 'DENIED'],
  ['AUTH_TOO_MANY_ATTEMPTS', 429, 'TOOMANYREQUESTS'],
  ['AUTH_BUSY', 503, 'UNAVAILABLE'],
] as const) {
  test(`${code} is ${status} ${notary}`, async () => {
    world.refusal = new StoreError(code, 'no', { retryAfterSeconds: 7 });
    const answer = await world.get(`${base}root.json`);
    world.refusal = undefined;
    refused(answer, status, notary);
    assert.equal(answer.headers.get('retry-after'), '7');
  });
}

test('an outage is 503 UNAVAILABLE, and its reason is not told', async () => {
  world.refusal = new Unavailable('database', new Error('connect ECONNREFUSED 10.0.0.7:5432'));
  const answer = await world.get(`${base}root.json`);
  world.refusal = undefined;
  refused(answer, 503, 'UNAVAILABLE');
  assert.equal(answer.headers.get('retry-after'), '1');
  assert.match(answer.text, /the database of the store does not answer now/);
  assert.doesNotMatch(answer.text, /10\.0\.0\.7/);
});

test('what nobody meant to throw is UNKNOWN and says nothing', async () => {
  for (const error of [
    new Error('secret path /data'),
    new StoreError('KEY_UNREADABLE', 'secret'),
  ]) {
    world.refusal = error as StoreError;
    const answer = await world.get(`${base}root.json`);
    world.refusal = undefined;
    refused(answer, 500, 'UNKNOWN');
    assert.doesNotMatch(answer.text, /secret/);
  }
});

test('whatever the path below _trust, the answer is of the protocol', async () => {
  const part = fc.constantFrom(
    ...['_trust', 'tuf', 'localhost:5443', 'acme', 'app', 'root.json', 'targets', '1.root.json'],
    ...[
      'targets.json',
      'snapshot.key',
      'changefeed',
      '',
      '.',
      '..',
      '%2e%2e',
      '%2F',
      '%00',
      '*',
      'é',
    ],
    ...[`root.${'ab'.repeat(32)}.json`, `${'9'.repeat(400)}.root.json`, '__proto__'],
  );
  const path = fc.tuple(fc.array(part, { maxLength: 6 }), fc.array(part, { maxLength: 4 }));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('GET', 'POST'), path, async (method, [before, after]) => {
      const answer = await world.send(method, `/v2/${[...before, '_trust', ...after].join('/')}`);
      // A path that fetch shortened to something else, or that cannot be decoded, is not ours.
      if (answer.status === 418 || answer.status === 200) return;
      if (answer.status === 404 && !answer.text.includes('errors')) return;
      const { errors } = JSON.parse(answer.text);
      assert.ok(answer.status >= 400 && answer.status < 500, answer.text);
      assert.equal(errors.length, 1);
    }),
    runs,
  );
});

test('DELETE forgets the repository, and again', async () => {
  for (let i = 0; i < 2; i++) {
    const answer = await world.send('DELETE', base);
    assert.deepEqual([answer.status, answer.text], [200, '']);
  }
  refused(await world.get(`${base}root.json`), 404, 'METADATA_NOT_FOUND');
});

test('a GUN outside the prefixes does not exist, whoever asks', async () => {
  await using own = await NotaryWorld.start();
  own.gunPrefixes.push('localhost:5443/acme/', 'example.com/');
  assert.equal((await own.get(`${base}root.json`)).status, 200);
  own.refusal = new Error('nobody is asked who they are');
  const outside = '/v2/localhost:5443/acmes/app/_trust';
  for (const [method, path] of [
    ['GET', '/tuf/root.json'],
    ['GET', '/tuf/1.root.json'],
    ['GET', '/tuf/snapshot.key'],
    ['POST', '/tuf/snapshot.key'],
    ['DELETE', '/tuf/'],
    ['GET', '/changefeed?records=1'],
  ] as const) {
    refused(await own.send(method, `${outside}${path}`), 404, 'METADATA_NOT_FOUND');
  }
  const { detail } = refused(await own.upload([], `${outside}/tuf/`), 400, 'INVALID_GUN');
  assert.equal(detail, 'Require GUNs with prefix: [localhost:5443/acme/ example.com/]');
});
