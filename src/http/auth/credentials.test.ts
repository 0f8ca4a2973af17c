import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryUsers, PlainPasswords } from '../../../test/support/memory-users.ts';
import { isStoreError, Secret } from '../../base/index.ts';
import { Credentials } from './credentials.ts';

const start = new Date('2026-11-21T10:00:00Z');
const right = new Secret('acme-password');
const wrong = new Secret('guess');
const address = '192.0.2.1';

function after(seconds: number): Date {
  return new Date(start.getTime() + seconds * 1000);
}

async function setUp() {
  const users = await new MemoryUsers().with('acme', 'producer', ['acme']);
  const passwords = new PlainPasswords();
  const credentials = new Credentials(users, passwords, (size) => new Uint8Array(size).fill(7));
  return { users, passwords, credentials };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'right';
  } catch (error) {
    assert.ok(isStoreError(error));
    return error.code;
  }
}

test('a wrong password and an unknown user are refused alike, after the same work', async () => {
  const { credentials, passwords } = await setUp();
  const known = credentials.verify('acme', wrong, address, start);
  assert.equal(await codeOf(known), 'AUTH_CREDENTIALS_WRONG');
  assert.equal(passwords.comparisons, 1);
  const unknown = credentials.verify('nobody', wrong, address, start);
  assert.equal(await codeOf(unknown), 'AUTH_CREDENTIALS_WRONG');
  assert.equal(passwords.comparisons, 2);
});

test('a password that was right is recognised for a minute without being hashed again', async () => {
  const { credentials, passwords } = await setUp();
  for (const seconds of [0, 1, 30, 59])
    await credentials.verify('acme', right, address, after(seconds));
  assert.equal(passwords.comparisons, 1);
  await credentials.verify('acme', right, address, after(61));
  assert.equal(passwords.comparisons, 2);
});

test('a wrong password is hashed each time', async () => {
  const { credentials, passwords } = await setUp();
  for (let i = 0; i < 3; i++) await codeOf(credentials.verify('acme', wrong, address, start));
  assert.equal(passwords.comparisons, 3);
});

test('a changed password ends what is remembered of the old one', async () => {
  const { credentials, users } = await setUp();
  await credentials.verify('acme', right, address, start);
  await users.setPassword('acme', 'plain:new');
  const old = credentials.verify('acme', right, address, start);
  assert.equal(await codeOf(old), 'AUTH_CREDENTIALS_WRONG');
  assert.equal((await credentials.verify('acme', new Secret('new'), address, start)).name, 'acme');
});

test('equal logins at the same time are hashed once, and none of them is a guess too many', async () => {
  const { credentials, passwords } = await setUp();
  const all = Array.from({ length: 40 }, () => credentials.verify('acme', right, address, start));
  await Promise.all(all);
  assert.equal(passwords.comparisons, 1);
});

test('equal guesses at the same time are counted once', async () => {
  const { credentials, passwords } = await setUp();
  const guess = () => codeOf(credentials.verify('acme', wrong, address, start));
  await Promise.all(Array.from({ length: 40 }, guess));
  assert.equal(passwords.comparisons, 1);
  assert.equal(await codeOf(credentials.verify('acme', right, address, start)), 'right');
});

test('ten guesses at a user from an address, then that address waits, and others do not', async () => {
  const { credentials, passwords } = await setUp();
  for (let i = 0; i < 10; i++) {
    const code = await codeOf(credentials.verify('acme', new Secret(`guess ${i}`), address, start));
    assert.equal(code, 'AUTH_CREDENTIALS_WRONG');
  }
  await assert.rejects(credentials.verify('acme', right, address, after(60)), {
    code: 'AUTH_TOO_MANY_ATTEMPTS',
    detail: { retryAfterSeconds: 240 },
  });
  assert.equal(passwords.comparisons, 10);
  assert.equal((await credentials.verify('acme', right, '192.0.2.2', after(60))).name, 'acme');
  // Now it is remembered, and a guesser who hits it must not learn that.
  const hit = credentials.verify('acme', right, address, after(61));
  assert.equal(await codeOf(hit), 'AUTH_TOO_MANY_ATTEMPTS');
});

test('after five minutes guesses are forgotten', async () => {
  const { credentials } = await setUp();
  for (let i = 0; i < 10; i++) await codeOf(credentials.verify('acme', wrong, address, start));
  assert.equal(await codeOf(credentials.verify('acme', right, address, after(301))), 'right');
});

test('parallel guesses are counted before they are hashed', async () => {
  const { credentials, passwords } = await setUp();
  const guesses = Array.from({ length: 30 }, (_, i) =>
    codeOf(credentials.verify('acme', new Secret(`guess ${i}`), address, start)),
  );
  const codes = await Promise.all(guesses);
  assert.equal(codes.filter((code) => code === 'AUTH_TOO_MANY_ATTEMPTS').length, 20);
  assert.equal(passwords.comparisons, 10);
});

test('fifty guesses at different users use up an address, and an IPv6 network is one address', async () => {
  const { credentials } = await setUp();
  for (let i = 0; i < 50; i++) {
    const from = `2001:db8:0:1::${i + 1}`;
    const code = await codeOf(credentials.verify(`user${i}`, wrong, from, start));
    assert.equal(code, 'AUTH_CREDENTIALS_WRONG');
  }
  const same = credentials.verify('acme', right, '2001:db8:0:1::ffff', start);
  assert.equal(await codeOf(same), 'AUTH_TOO_MANY_ATTEMPTS');
  const other = credentials.verify('acme', right, '2001:db8:0:2::1', start);
  assert.equal(await codeOf(other), 'right');
});

test('right passwords are never counted', async () => {
  const { credentials } = await setUp();
  for (let i = 0; i < 40; i++) await credentials.verify('acme', right, address, after(i * 70));
});
