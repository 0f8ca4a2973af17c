import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryUsers, PlainPasswords } from '../../../test/support/memory-users.ts';
import { Secret } from '../../base/index.ts';
import { Users } from './users.ts';

const now = new Date('2026-11-21T10:00:00Z');
const password = new Secret('correct horse');

function setUp() {
  const store = new MemoryUsers();
  return { store, users: new Users(store, new PlainPasswords(), ['localhost:5443'], () => now) };
}

test('a producer without a namespace gets the one that bears their name', async () => {
  const { users } = setUp();
  const acme = await users.add({ name: 'acme', role: 'producer', namespaces: [], password });
  assert.deepEqual(acme.namespaces, ['acme']);
  const rita = await users.add({ name: 'rita', role: 'reviewer', namespaces: [], password });
  assert.deepEqual(rita.namespaces, []);
});

test('passwords are hashed one at a time, however many are changed at once', async () => {
  const { store } = setUp();
  let running = 0;
  let most = 0;
  class SlowPasswords extends PlainPasswords {
    override async hash(slow: Secret) {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
      return super.hash(slow);
    }
  }
  const users = new Users(store, new SlowPasswords(), ['localhost:5443'], () => now);
  await users.add({ name: 'acme', role: 'producer', namespaces: [], password });
  await Promise.all(Array.from({ length: 9 }, () => users.setPassword('acme', password)));
  assert.equal(most, 1);
});

test('namespaces are kept once, in order', async () => {
  const { users } = setUp();
  const namespaces = ['zeta', 'docker.io', 'acme', 'acme', 'Acme', 'My Collection'];
  const user = await users.add({ name: 'ann', role: 'producer', namespaces, password });
  assert.deepEqual(user.namespaces, ['Acme', 'My Collection', 'acme', 'docker.io', 'zeta']);
});

// biome-ignore format: the columns line up
const refused: readonly (readonly [name: string, namespaces: readonly string[], password: string, code: string])[] = [
  ['',               [],                 'x', 'AUTH_USER_NAME_INVALID'],
  ['Acme',           [],                 'x', 'AUTH_USER_NAME_INVALID'],
  ['ac/me',          [],                 'x', 'AUTH_USER_NAME_INVALID'],
  ['ac:me',          [],                 'x', 'AUTH_USER_NAME_INVALID'],
  ['-acme',          [],                 'x', 'AUTH_USER_NAME_INVALID'],
  ['acme\n',         [],                 'x', 'AUTH_USER_NAME_INVALID'],
  ['a'.repeat(65),   [],                 'x', 'AUTH_USER_NAME_INVALID'],
  ['staging',        [],                 'x', 'AUTH_NAMESPACE_RESERVED'],
  ['ann',            ['store'],          'x', 'AUTH_NAMESPACE_RESERVED'],
  ['ann',            ['localhost:5443'], 'x', 'AUTH_NAMESPACE_RESERVED'],
  ['ann',            ['acme/app'],       'x', 'AUTH_NAMESPACE_INVALID'],
  ['ann',            ['..'],             'x', 'AUTH_NAMESPACE_INVALID'],
  ['ann',            ['Staging'],        'x', 'AUTH_NAMESPACE_RESERVED'],
  ['ann',            ['LocalHost.:5443'],'x', 'AUTH_NAMESPACE_RESERVED'],
  ['ann',            ['a\u200bcme'],     'x', 'AUTH_NAMESPACE_INVALID'],
  ['ann',            [''],               'x', 'AUTH_NAMESPACE_INVALID'],
  ['ann',            [],                 '',  'AUTH_PASSWORD_UNFIT'],
  ['ann',            [],                 'a\nb', 'AUTH_PASSWORD_UNFIT'],
  ['ann',            [],                 '\ud800', 'AUTH_PASSWORD_UNFIT'],
  ['ann',            [],                 'x'.repeat(1025), 'AUTH_PASSWORD_UNFIT'],
];

for (const [name, namespaces, text, code] of refused) {
  test(`refused with ${code}: ${JSON.stringify([name.slice(0, 20), namespaces, text.slice(0, 20)])}`, async () => {
    const { users, store } = setUp();
    const request = { name, role: 'producer', namespaces, password: new Secret(text) } as const;
    await assert.rejects(users.add(request), { code });
    assert.deepEqual(await store.list(), []);
  });
}

test('a name is given once', async () => {
  const { users } = setUp();
  const request = { name: 'acme', role: 'producer', namespaces: [], password } as const;
  await users.add(request);
  await assert.rejects(users.add({ ...request, role: 'reviewer' }), { code: 'AUTH_USER_EXISTS' });
  assert.equal((await users.list())[0]?.role, 'producer');
});

test('a password is changed, and only of a user who exists', async () => {
  const { users, store } = setUp();
  await users.add({ name: 'acme', role: 'producer', namespaces: [], password });
  await users.setPassword('acme', new Secret('new'));
  assert.equal((await store.find('acme'))?.passwordHash, 'plain:new');
  await assert.rejects(users.setPassword('nobody', password), { code: 'AUTH_USER_UNKNOWN' });
  await assert.rejects(users.setPassword('acme', new Secret('')), { code: 'AUTH_PASSWORD_UNFIT' });
});
