import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isStoreError, toBase64, utf8 } from '../../base/index.ts';
import { entryOf, parseDockerConfig } from './docker-config.ts';

const numRuns = process.env.SLOW ? 20_000 : 200;
const parse = (config: unknown) => parseDockerConfig(utf8(JSON.stringify(config)), 'config.json');
const auth = (text: string) => ({ auth: toBase64(utf8(text)) });

test('a password may hold colons, and loses the zero bytes docker put at its end', () => {
  const { auths } = parse({ auths: { 'a.example:5443': auth('kate:a:b\0\0') } });
  const credential = entryOf(auths, 'a.example:5443');
  assert.equal(credential?.kind, 'password');
  assert.equal(credential.username, 'kate');
  assert.equal(credential.password.reveal(), 'a:b');
});

test('an identity token goes before a password', () => {
  const { auths } = parse({ auths: { a: { ...auth('kate:x'), identitytoken: 'token' } } });
  const credential = entryOf(auths, 'a');
  assert.equal(credential?.kind, 'identity-token');
  assert.equal(credential.token.reveal(), 'token');
  assert.equal(credential.username, 'kate', 'whose it is, as docker login leaves it');
});

test('entries that a credential store left empty count as no login', () => {
  assert.equal(parse({ auths: { a: {}, b: { auth: '' } }, credsStore: 'pass' }).auths.size, 0);
});

const spellings: readonly [written: string, host: string, found: boolean][] = [
  ['a.example', 'a.example', true],
  ['https://a.example', 'a.example', true],
  ['https://a.example/v1/', 'a.example', true],
  ['http://a.example:5000/v2/', 'a.example:5000', true],
  ['https://index.docker.io/v1/', 'docker.io', true],
  ['index.docker.io', 'docker.io', true],
  ['docker.io', 'docker.io', true],
  ['a.example', 'a.example:5000', false],
  ['a.example:5000', 'a.example', false],
  ['b.a.example', 'a.example', false],
  ['__proto__', 'constructor', false],
];

for (const [written, host, found] of spellings) {
  test(`a login saved for ${written} is ${found ? '' : 'not '}for ${host}`, () => {
    const config = utf8(`{"auths":{${JSON.stringify(written)}:{"auth":"YTpi"}}}`);
    assert.equal(entryOf(parseDockerConfig(config, 'f').auths, host) !== undefined, found);
  });
}

const malformed: readonly unknown[] = [
  [],
  { auths: [] },
  { auths: { a: 'x' } },
  { auths: { a: { auth: 'not base64!' } } },
  { auths: { a: auth('no colon') } },
  { auths: { a: auth(':no user') } },
  { auths: { a: { auth: 7 } } },
  { credsStore: '../../bin/evil' },
  { credsStore: 'x;rm' },
  { credHelpers: { a: '' } },
];

for (const config of malformed) {
  test(`a configuration like ${JSON.stringify(config)} is refused by name`, () => {
    assert.throws(() => parse(config), { code: 'REMOTE_DOCKER_CONFIG' });
  });
}

test('no error shows what the file holds', () => {
  const broken = utf8('{"auths":{"a":{"auth":"c2VjcmV0OnNlY3JldA==" oops');
  assert.throws(
    () => parseDockerConfig(broken, 'config.json'),
    (error: Error) => !/c2Vj|oops/.test(`${error.message} ${String(error.cause)}`),
  );
});

test('any bytes are read or refused with a code', () => {
  const member = fc.constantFrom(
    'auths',
    'credHelpers',
    'credsStore',
    'auth',
    'identitytoken',
    'a',
  );
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, 7, '', 'YTpi', 'pass'),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(member, tie('any'), { maxKeys: 4 }),
    ),
  })).any;
  const bytes = fc.oneof(
    fc.uint8Array(),
    value.map((json) => utf8(JSON.stringify(json))),
  );
  fc.assert(
    fc.property(bytes, (file) => {
      try {
        parseDockerConfig(file, 'config.json');
      } catch (error) {
        assert.ok(isStoreError(error) && error.code === 'REMOTE_DOCKER_CONFIG', String(error));
      }
    }),
    { numRuns },
  );
});
