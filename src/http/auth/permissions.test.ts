import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Action, Principal } from './access.ts';
import { type ApiAction, permits, permitsApi } from './permissions.ts';
import { placeOf } from './place.ts';

const origins = ['store.example:5443'];
const policy = {
  storeIsPublic: false,
  publicNamespaces: new Set(['open']),
  deletionRecalls: false,
};
const publicStore = { ...policy, storeIsPublic: true };

const people: readonly Principal[] = [
  { name: undefined, role: 'anonymous', namespaces: [] },
  { name: 'carol', role: 'consumer', namespaces: [] },
  { name: 'dan', role: 'consumer', namespaces: ['acme', 'open'] },
  { name: 'acme', role: 'producer', namespaces: ['acme', 'open'] },
  { name: 'other', role: 'producer', namespaces: ['other'] },
  { name: 'rita', role: 'reviewer', namespaces: [] },
  { name: 'rob', role: 'reviewer', namespaces: ['acme', 'open'] },
  { name: 'admin', role: 'admin', namespaces: [] },
  { name: 'root', role: 'admin', namespaces: ['acme', 'open'] },
];

/**
 * What each person may do with a repository: P pull, W push, D delete, * what Notary calls so,
 * - nothing. `carol` is a consumer, `dan` one who is a member of acme and of open, as are `acme`,
 * `rob` and `root`.
 */
// biome-ignore format: the columns line up
const expected: readonly (readonly [name: string, ...cells: string[]])[] = [
  //                                anonymous carol   dan     acme    other   rita    rob     admin   root
  ['staging/acme/app',                '-',    '-',    '-',    'PWD*', '-',    'P',    'P',    'P',    'P'],
  ['staging/acme/team/app',           '-',    '-',    '-',    'PWD*', '-',    'P',    'P',    'P',    'P'],
  ['staging/other/app',               '-',    '-',    '-',    '-',    'PWD*', 'P',    'P',    'P',    'P'],
  ['certification/acme/app',          '-',    '-',    '-',    '-',    '-',    'P',    'P',    'P',    'P'],
  ['store/acme/app',                  '-',    'P',    'P',    'P',    'P',    'P',    'P',    'P',    'P'],
  ['acme/app',                        '-',    '-',    'PWD*', 'PWD*', '-',    '-',    'PWD*', 'PWD*', 'PWD*'],
  ['acme',                            '-',    '-',    'PWD*', 'PWD*', '-',    '-',    'PWD*', 'PWD*', 'PWD*'],
  ['open/app',                        'P',    'P',    'PWD*', 'PWD*', 'P',    'P',    'PWD*', 'PWD*', 'PWD*'],
  ['else/app',                        '-',    '-',    '-',    '-',    '-',    '-',    '-',    'PWD*', 'PWD*'],
  ['evil.example/store/acme/app',     '-',    '-',    '-',    '-',    '-',    '-',    '-',    'PWD*', 'PWD*'],
  ['evil.example/open/app',           '-',    '-',    '-',    '-',    '-',    '-',    '-',    'PWD*', 'PWD*'],
  ['staging/acme',                    '-',    '-',    '-',    '-',    '-',    '-',    '-',    '-',    '-'],
  ['Staging/acme/app',                '-',    '-',    '-',    '-',    '-',    '-',    '-',    '-',    '-'],
  ['acme/../staging/other/app',       '-',    '-',    '-',    '-',    '-',    '-',    '-',    '-',    '-'],
];
const actionOf: Readonly<Record<string, Action>> = {
  P: 'pull',
  W: 'push',
  D: 'delete',
  '*': '*',
};

for (const [repository, ...cells] of expected) {
  for (const name of [repository, `store.example:5443/${repository}`]) {
    test(`${name}: everybody may do what the table says, and nothing else`, () => {
      for (const [index, person] of people.entries()) {
        const place = placeOf(name, origins);
        const found = Object.entries(actionOf).filter(([, action]) =>
          permits(person, action, place, policy),
        );
        const letters = found.map(([letter]) => letter).join('') || '-';
        // A foreign host cannot stand behind our own: that is no name at all.
        const isHostTwice = name.startsWith('store.example:5443/evil');
        const want = isHostTwice ? (cells[index] === 'PWD*' ? 'PWD*' : '-') : cells[index];
        assert.equal(letters, want, `${person.name ?? 'anonymous'} (${person.role})`);
      }
    });
  }
}

test('a public store lets everybody pull, and still nobody write', () => {
  const place = placeOf('store/acme/app', origins);
  for (const person of people) {
    assert.equal(permits(person, 'pull', place, publicStore), true, person.name);
    assert.equal(permits(person, 'push', place, publicStore), false, person.name);
    assert.equal(permits(person, 'delete', place, publicStore), false, person.name);
  }
});

test('where deleting in the store is recalling, who may recall may do it, and nothing more', () => {
  const recalling = { ...policy, deletionRecalls: true };
  for (const name of ['store/acme/app', 'store.example:5443/store/other/app']) {
    const place = placeOf(name, origins);
    for (const person of people) {
      const who = `${name} ${person.name}`;
      const may = permitsApi(person, 'candidate.decide');
      assert.equal(permits(person, 'delete', place, recalling), may, who);
      assert.equal(permits(person, 'push', place, recalling), false, who);
      assert.equal(permits(person, '*', place, recalling), false, who);
    }
  }
  const [, , , , , rita = assert.fail()] = people;
  for (const name of ['certification/acme/app', 'staging/acme/app', 'acme/app', 'store/acme']) {
    assert.equal(permits(rita, 'delete', placeOf(name, origins), recalling), false, name);
  }
});

test('a public store opens neither staging nor certification nor other namespaces', () => {
  const [nobody] = people;
  assert.ok(nobody);
  for (const name of ['staging/acme/app', 'certification/acme/app', 'acme/app', 'store/acme']) {
    assert.equal(permits(nobody, 'pull', placeOf(name, origins), publicStore), false, name);
  }
});

test('a zone stays closed when the policy lists a name of its own as a public namespace', () => {
  const [nobody] = people;
  assert.ok(nobody);
  const careless = {
    ...policy,
    publicNamespaces: new Set(['staging', 'store', 'acme']),
  };
  for (const name of ['staging/acme/app', 'certification/acme/app', 'store/acme/app']) {
    assert.equal(permits(nobody, 'pull', placeOf(name, origins), careless), false, name);
  }
});

// biome-ignore format: the columns line up
const expectedApi: readonly (readonly [ApiAction, string | undefined, ...cells: string[]])[] = [
  //                               anonymous carol dan  acme other rita rob  admin root
  ['candidate.read',    'acme',    'no',  'no',  'no',  'yes', 'no',  'yes', 'yes', 'yes', 'yes'],
  ['candidate.read',    'other',   'no',  'no',  'no',  'no',  'yes', 'yes', 'yes', 'yes', 'yes'],
  ['candidate.read',    undefined, 'no',  'no',  'no',  'no',  'no',  'yes', 'yes', 'yes', 'yes'],
  ['candidate.decide',  'acme',    'no',  'no',  'no',  'no',  'no',  'yes', 'yes', 'yes', 'yes'],
  ['candidate.decide',  'other',   'no',  'no',  'no',  'no',  'no',  'yes', 'yes', 'yes', 'yes'],
  ['candidate.decide',  undefined, 'no',  'no',  'no',  'no',  'no',  'yes', 'yes', 'yes', 'yes'],
  ['history.verify',    undefined, 'no',  'no',  'no',  'no',  'no',  'yes', 'yes', 'yes', 'yes'],
  ['user.list',         undefined, 'no',  'no',  'no',  'no',  'no',  'no',  'no',  'yes', 'yes'],
  ['user.add',          undefined, 'no',  'no',  'no',  'no',  'no',  'no',  'no',  'yes', 'yes'],
  ['user.password',     undefined, 'no',  'no',  'no',  'no',  'no',  'no',  'no',  'yes', 'yes'],
  ['user.password.own', undefined, 'no',  'yes', 'yes', 'yes', 'yes', 'yes', 'yes', 'yes', 'yes'],
  ['trust.changes',     undefined, 'no',  'no',  'no',  'no',  'no',  'no',  'no',  'yes', 'yes'],
  ['catalog',           undefined, 'yes', 'yes', 'yes', 'yes', 'yes', 'yes', 'yes', 'yes', 'yes'],
];

for (const [action, namespace, ...cells] of expectedApi) {
  test(`${action} of ${namespace ?? 'no namespace'}: everybody may or may not, as the table says`, () => {
    for (const [index, person] of people.entries()) {
      const found = permitsApi(person, action, namespace) ? 'yes' : 'no';
      assert.equal(found, cells[index], `${person.name ?? 'anonymous'} (${person.role})`);
    }
  });
}
