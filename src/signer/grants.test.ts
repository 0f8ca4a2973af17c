import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseGrants, requireGrant } from './grants.ts';
import type { Caller } from './ports.ts';

const fingerprint = 'ab'.repeat(32);
const caller: Caller = {
  fingerprint,
  commonName: 'blue',
  names: ['blue.example', '10.0.0.7'],
  endsAt: new Date(0),
};
const app = 'example.com/acme/app';

// Who is granted what; what is asked for (of `blue`, role timestamp unless told); is it given?
const cases: readonly [
  caller: object,
  guns: string[],
  roles: string[],
  gun: string,
  given: boolean,
][] = [
  [{ 'common-name': 'blue' }, ['example.com/acme'], ['timestamp'], app, true],
  [{ 'common-name': 'Blue' }, ['example.com/acme'], ['timestamp'], app, false],
  [{ 'common-name': 'blue.example' }, ['*'], ['*'], app, false],
  [{ name: 'blue.example' }, ['*'], ['*'], app, true],
  [{ name: '10.0.0.7' }, ['*'], ['*'], app, true],
  [{ name: 'blue' }, ['*'], ['*'], app, false],
  [{ name: 'example' }, ['*'], ['*'], app, false],
  [{ fingerprint }, ['*'], ['timestamp'], app, true],
  [{ fingerprint: fingerprint.toUpperCase().replace(/..(?!$)/g, '$&:') }, ['*'], ['*'], app, true],
  [{ fingerprint: 'cd'.repeat(32) }, ['*'], ['*'], app, false],
  [{ name: 'blue.example' }, ['example.com/acme/'], ['*'], app, true],
  [{ name: 'blue.example' }, [app], ['*'], app, true],
  [{ name: 'blue.example' }, ['example.com'], ['*'], app, true],
  [{ name: 'blue.example' }, ['example.com/ac'], ['*'], app, false],
  [{ name: 'blue.example' }, [`${app}/sub`], ['*'], app, false],
  [{ name: 'blue.example' }, ['example.org', 'example.com'], ['*'], app, true],
  [{ name: 'blue.example' }, ['*'], ['snapshot'], app, false],
  [{ name: 'blue.example' }, ['*'], ['snapshot', 'timestamp'], app, true],
  [{ name: 'blue.example' }, ['*'], ['time'], app, false],
];

for (const [who, guns, roles, gun, given] of cases) {
  const grant = JSON.stringify({ caller: who, guns, roles });
  test(`${grant} ${given ? 'lets' : 'does not let'} blue use ${gun}`, () => {
    const ask = () =>
      requireGrant(parseGrants([JSON.parse(grant)]), caller, { gun, role: 'timestamp' });
    if (given) ask();
    else assert.throws(ask, { code: 'SIGNER_FORBIDDEN' });
  });
}

test('two grants that cover GUN and role by halves open nothing', () => {
  const grants = parseGrants([
    { caller: { name: 'blue.example' }, guns: ['example.com'], roles: ['snapshot'] },
    { caller: { name: 'blue.example' }, guns: ['example.org'], roles: ['timestamp'] },
  ]);
  const ask = () => requireGrant(grants, caller, { gun: app, role: 'timestamp' });
  assert.throws(ask, { code: 'SIGNER_FORBIDDEN' });
});

test('an empty file grants nothing, no file everything', () => {
  const owner = { gun: app, role: 'timestamp' };
  assert.throws(() => requireGrant(parseGrants([]), caller, owner), { code: 'SIGNER_FORBIDDEN' });
  requireGrant('every caller may do all', caller, owner);
});

const good = { caller: { name: 'a' }, guns: ['*'], roles: ['*'] };
const wrong: readonly [what: string, value: unknown][] = [
  ['nothing', null],
  ['a mapping', { grants: [good] }],
  ['a text for a grant', ['*']],
  ['a misspelt member', [{ ...good, role: ['*'] }]],
  ['no roles', [{ caller: { name: 'a' }, guns: ['*'] }]],
  ['an empty list of GUNs', [{ ...good, guns: [] }]],
  ['an empty GUN', [{ ...good, guns: [''] }]],
  ['a text for a list', [{ ...good, guns: '*' }]],
  ['a number among roles', [{ ...good, roles: ['timestamp', 1] }]],
  ['a caller by nothing', [{ ...good, caller: {} }]],
  ['a caller by two', [{ ...good, caller: { name: 'a', 'common-name': 'a' } }]],
  ['a short fingerprint', [{ ...good, caller: { fingerprint: 'abcd' } }]],
  ['an unknown kind of caller', [{ ...good, caller: { subject: 'a' } }]],
];

for (const [what, value] of wrong) {
  test(`a grants file with ${what} is refused`, () => {
    assert.throws(() => parseGrants(value), { code: 'SIGNER_GRANTS' });
  });
}
