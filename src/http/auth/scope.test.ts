import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/support/property-runs.ts';
import { isStoreError } from '../../base/index.ts';
import { formatScope, parseScopes } from './scope.ts';

// biome-ignore format: the columns line up
const valid: readonly (readonly [text: string, meaning: string])[] = [
  ['repository:acme/app:pull',                    'acme/app pull'],
  ['repository:acme/app:push,pull',               'acme/app pull,push'],
  ['repository:acme/app:pull,pull',               'acme/app pull'],
  ['repository:acme/app:delete',                  'acme/app delete'],
  ['repository:acme/app:*',                       'acme/app pull,push,delete,*'],
  ['repository:acme/app:pull,*',                  'acme/app pull,push,delete,*'],
  ['repository:localhost:5443/acme/app:pull',     'localhost:5443/acme/app pull'],
  ['repository:[::1]:5443/acme/app:pull,push',    '[::1]:5443/acme/app pull,push'],
  ['repository:MyCollection:pull',                'MyCollection pull'],
  ['repository:a b/c d:push,pull',                'a b/c d pull,push'],
  ['repository:h:5443/pull:push:*',               'h:5443/pull:push pull,push,delete,*'],
  ['repository:Éa"\'{;}/名:pull',                'Éa"\'{;}/名 pull'],
  ['registry:catalog:*',                          'catalog'],
  ['countermark:api:*',                           'api'],
  ['registry:catalog:pull',                       'other'],
  ['registry:other:*',                            'other'],
  ['repository(plugin):acme/app:pull',            'other'],
  ['package:acme/app:pull',                       'other'],
];

for (const [text, meaning] of valid) {
  test(`${text} asks for ${meaning}`, () => {
    const [scope, ...more] = parseScopes([text]);
    assert.ok(scope);
    assert.deepEqual(more, []);
    const found =
      scope.type === 'repository'
        ? `${scope.name} ${scope.actions}`
        : scope.type === 'other'
          ? 'other'
          : scope.name;
    assert.equal(found, meaning);
  });
}

const invalid = [
  'repository',
  'repository:acme/app',
  'repository::pull',
  ':acme/app:pull',
  'repository:acme/app:',
  'repository:acme/app:pull,',
  'repository:acme/app:PULL',
  'repository:acme/app:admin',
  'repository:acme/app:pull;push',
  'Repository:acme/app:pull',
  'repository():acme/app:pull',
  'repository:acme%2fapp:pull',
  'repository:acme\\app:pull',
  'repository:acme/app\n:pull',
  'repository:acme\u200b:pull',
  'repository: acme:pull',
  `repository:${'a'.repeat(1100)}:pull`,
  'repository:a:pull  repository:b:pull',
];

for (const text of invalid) {
  test(`${JSON.stringify(text.slice(0, 50))} is no scope`, () => {
    assert.throws(() => parseScopes([text]), { code: 'AUTH_SCOPE_INVALID' });
  });
}

test('scopes come repeated and separated by spaces, in order', () => {
  const scopes = parseScopes(['repository:a:pull repository:b c:push', '', 'registry:catalog:*']);
  assert.deepEqual(scopes, [
    { type: 'repository', name: 'a', actions: ['pull'] },
    { type: 'repository', name: 'b c', actions: ['push'] },
    { type: 'registry', name: 'catalog' },
  ]);
});

test('more than 32 scopes are refused', () => {
  const scope = 'repository:a:pull';
  assert.equal(parseScopes(Array.from({ length: 32 }, () => scope)).length, 32);
  assert.throws(() => parseScopes(Array.from({ length: 33 }, () => scope)), {
    code: 'AUTH_SCOPE_INVALID',
  });
});

const almost = fc
  .array(
    fc.oneof(
      fc.constantFrom('repository', 'registry', 'catalog', ':', ',', '*', 'pull', 'push', ' ', '/'),
      fc.string({ maxLength: 4, unit: 'binary' }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

test('any text is scopes or AUTH_SCOPE_INVALID, and a scope of a repository reads back the same', () => {
  fc.assert(
    fc.property(almost, (text) => {
      try {
        for (const scope of parseScopes([text])) {
          if (scope.type !== 'repository') continue;
          assert.notEqual(scope.actions.length, 0);
          assert.deepEqual(parseScopes([formatScope(scope.name, scope.actions)]), [scope]);
        }
      } catch (error) {
        assert.ok(isStoreError(error));
        assert.equal(error.code, 'AUTH_SCOPE_INVALID');
      }
    }),
    runs,
  );
});
