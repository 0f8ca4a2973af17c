import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseChallenges } from './challenge.ts';

const numRuns = process.env.SLOW ? 20_000 : 200;

const read: readonly [header: string, found: [string, Record<string, string>][]][] = [
  ['', []],
  ['Basic', [['basic', {}]]],
  ['Basic realm="a b"', [['basic', { realm: 'a b' }]]],
  // As notary-server 0.7.0 and docker-registry 2.8 send it.
  [
    'Bearer realm="https://a/token",service="s",scope="repository:a/b:push,pull"',
    [['bearer', { realm: 'https://a/token', service: 's', scope: 'repository:a/b:push,pull' }]],
  ],
  ['BEARER Realm=x , error="invalid_token"', [['bearer', { realm: 'x', error: 'invalid_token' }]]],
  ['Bearer realm="say \\"hi\\", you"', [['bearer', { realm: 'say "hi", you' }]]],
  [
    'Negotiate YWJj==, Basic realm="x"',
    [
      ['negotiate', {}],
      ['basic', { realm: 'x' }],
    ],
  ],
  [
    ', ,Basic realm = "x",, Digest nonce="n", ',
    [
      ['basic', { realm: 'x' }],
      ['digest', { nonce: 'n' }],
    ],
  ],
];

for (const [header, found] of read) {
  test(`it reads ${JSON.stringify(header)}`, () => {
    const challenges = parseChallenges(header);
    assert.deepEqual(
      challenges?.map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]),
      found,
    );
  });
}

const refused = [
  'Bearer realm="open',
  'Bearer realm="a" service="b"',
  'realm="a"',
  'Bearer realm="a",realm="b"',
  'Bearer realm="a",REALM="b"',
  'Bearer "a"',
  'Bearer realm="a"x',
  '=',
  'a'.repeat(9000),
];

for (const header of refused) {
  test(`it refuses ${JSON.stringify(header.slice(0, 40))}`, () => {
    assert.equal(parseChallenges(header), undefined);
  });
}

test('any text is read or refused, never thrown at', () => {
  const pieces = fc.constantFrom('Bearer', 'realm', '=', '"', ',', ' ', '\\', 'a', '==', '\t', 'é');
  const text = fc.oneof(
    fc.string(),
    fc.array(pieces).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (header) => void parseChallenges(header)),
    { numRuns },
  );
});

test('what was quoted is read back', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,10}$/);
  const parameters = fc.dictionary(name, fc.string(), { maxKeys: 6, noNullPrototype: true });
  const quote = (value: string) => `"${value.replace(/[\\"]/g, '\\$&')}"`;
  fc.assert(
    fc.property(name, parameters, (scheme, expected) => {
      const list = Object.entries(expected).map(([key, value]) => `${key}=${quote(value)}`);
      const [challenge] = parseChallenges(`${scheme} ${list.join(', ')}`) ?? [];
      assert.equal(challenge?.scheme, scheme);
      assert.deepEqual(Object.fromEntries(challenge.parameters), expected);
    }),
    { numRuns },
  );
});
