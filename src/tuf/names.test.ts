import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/support/property-runs.ts';
import { isStoreError } from '../base/index.ts';
import {
  isDelegation,
  isTargetsRole,
  parentOf,
  parseDelegationName,
  parseGun,
  parseKeyId,
  parseRoleName,
} from './index.ts';

test('a role is one of four, or a delegation below targets', () => {
  for (const text of [
    'root',
    'targets',
    'snapshot',
    'timestamp',
    'targets/releases',
    'targets/a/b-_9',
  ]) {
    assert.equal(parseRoleName(text), text);
  }
  const deep = parseDelegationName('targets/a/b');
  assert.equal(parentOf(deep), 'targets/a');
  assert.equal(parentOf(parseDelegationName('targets/a')), 'targets');
  assert.deepEqual([isDelegation(deep), isDelegation('targets')], [true, false]);
  assert.deepEqual(
    [isTargetsRole(deep), isTargetsRole('targets'), isTargetsRole('root')],
    [true, true, false],
  );
});

test('what is not a role is refused by its code', () => {
  const texts = [
    '',
    'Root',
    'mirrors',
    'targets/',
    'targets//a',
    'targets/a/',
    'targets/A',
    'targets/../a',
  ];
  texts.push(
    'targets/*',
    'targets/a b',
    'root/a',
    'targets/a.json',
    'targetsa',
    '/targets/a',
    'targets/a\n',
  );
  texts.push(`targets/${'a'.repeat(248)}`, 'constructor', '__proto__');
  for (const text of texts)
    assert.throws(() => parseRoleName(text), { code: 'TUF_ROLE_INVALID' }, text);
  assert.throws(() => parseDelegationName('targets'), { code: 'TUF_ROLE_INVALID' });
  assert.equal(parseRoleName(`targets/${'a'.repeat(247)}`).length, 255);
});

test('a key id is 64 lower case hex digits', () => {
  const id = '0123456789abcdef'.repeat(4);
  assert.equal(parseKeyId(id), id);
  for (const text of ['', id.slice(1), `${id}0`, id.toUpperCase(), `${id}\n`]) {
    assert.throws(() => parseKeyId(text), { code: 'TUF_KEY_ID_INVALID' });
  }
});

test('whatever text a stranger sends as a name is parsed to itself or refused by a code', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^[a-zA-Z0-9.:_/*-]{0,300}$/),
    fc.constantFrom('__proto__', 'constructor', '10', 'targets/10', 'targets/__proto__'),
  );
  fc.assert(
    fc.property(text, (name) => {
      for (const parse of [parseGun, parseRoleName, parseDelegationName, parseKeyId]) {
        try {
          assert.equal(parse(name), name);
        } catch (error) {
          assert.ok(isStoreError(error), String(error));
        }
      }
    }),
    runs,
  );
});
