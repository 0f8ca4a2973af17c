import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { User, UserStore } from '../../src/http/auth/index.ts';

const acme: User = {
  name: 'acme',
  role: 'producer',
  passwordHash: '$argon2id$1',
  namespaces: ['acme', 'docker.io'],
  createdAt: new Date('2026-11-21T10:00:00.123Z'),
};
const rita: User = { ...acme, name: 'rita', role: 'reviewer', namespaces: [] };

/** What every UserStore must do. @param open  makes an empty one */
export function userStoreContract(open: () => Promise<UserStore>): void {
  test('a user is found as added', async () => {
    const users = await open();
    assert.equal(await users.add(acme), true);
    assert.equal(await users.add(rita), true);
    assert.deepEqual(await users.find('acme'), acme);
    assert.deepEqual(await users.find('rita'), rita);
    assert.equal(await users.find('Acme'), undefined);
    assert.equal(await users.find("' or 1=1 --"), undefined);
    assert.equal(await users.find('acme\0'), undefined);
  });

  test('all users are listed by name, each once, namespaces sorted', async () => {
    const users = await open();
    assert.deepEqual(await users.list(), []);
    await users.add(rita);
    await users.add({ ...acme, namespaces: ['docker.io', 'acme'] });
    assert.deepEqual(await users.list(), [acme, rita]);
  });

  test('a name that is taken changes nothing', async () => {
    const users = await open();
    await users.add(acme);
    assert.equal(await users.add({ ...acme, role: 'admin', namespaces: ['other'] }), false);
    assert.deepEqual(await users.list(), [acme]);
  });

  test('a password is replaced, and only of a user who exists', async () => {
    const users = await open();
    await users.add(acme);
    assert.equal(await users.setPassword('acme', '$argon2id$2'), true);
    assert.equal(await users.setPassword('rita', '$argon2id$2'), false);
    assert.deepEqual(await users.list(), [{ ...acme, passwordHash: '$argon2id$2' }]);
  });
}
