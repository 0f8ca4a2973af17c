import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../../base/index.ts';
import { Argon2idPasswords } from './argon2id.ts';

const passwords = new Argon2idPasswords();

/** Written by the reference implementation: phc-winner-argon2 20190702, src/test.c. */
// biome-ignore format: one line each
const reference: readonly (readonly [password: string, phc: string])[] = [
  ['password', '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'],
  ['password', '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4'],
  ['password', '$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc'],
];

for (const [password, phc] of reference) {
  test(`the reference implementation agrees: ${phc.slice(0, 40)}`, async () => {
    assert.equal(await passwords.matches(new Secret(password), phc), true);
    assert.equal(await passwords.matches(new Secret('differentpassword'), phc), false);
  });
}

test('a hash has the parameters of OWASP and a salt of its own', async () => {
  const secret = new Secret('pä ssword');
  const [one, two] = await Promise.all([passwords.hash(secret), passwords.hash(secret)]);
  assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.notEqual(one, two);
  assert.equal(await passwords.matches(secret, one), true);
  assert.equal(await passwords.matches(new Secret('pa ssword'), one), false);
});

test('nobody has no password', async () => {
  assert.equal(await passwords.matches(new Secret(''), undefined), false);
});

test('a stored text that is no argon2id hash is a mistake, and is not repeated', async () => {
  const texts = [
    '',
    'secret',
    '$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f',
    '$argon2id$v=19$m=0,t=2,p=1$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f',
  ];
  for (const text of texts) {
    const answer = passwords.matches(new Secret('x'), text);
    await assert.rejects(
      answer,
      (error: Error) => error instanceof TypeError && !error.message.includes('c29t'),
    );
  }
});
