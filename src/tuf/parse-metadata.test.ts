import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/support/property-runs.ts';
import { isStoreError, type Json, utf8 } from '../base/index.ts';
import { parseMetadata, type RoleName, releasesRole, requireFixpoint } from './index.ts';

const fixtures = join(import.meta.dirname, '../../test/fixtures/notary');
const roles: readonly RoleName[] = ['root', 'targets', 'snapshot', 'timestamp', releasesRole];

type Mutable = { [name: string]: Mutable };

/*
 * A row changes one thing in a file that notary wrote. The signature is wrong then, which parsing
 * does not ask; the right column is the code, or `ok`.
 */
describe('a file of notary, changed', () => {
  // biome-ignore format: a table
  const changes: readonly (readonly [role: RoleName, what: string, change: (signed: Mutable, file: Mutable) => unknown, code: string])[] = [
    ['root', 'in nothing',                 () => 0,                                        'ok'],
    ['root', 'by an unknown member',       (s) => set(s, { x: { y: [null] } }),         'ok'],
    ['root', 'by a member __proto__',      (s) => define(s, '__proto__', { version: 9 }), 'ok'],
    ['root', 'by another role',            (s) => set(s.roles, { mirrors: { keyids: [], threshold: 1 } }), 'ok'],
    ['root', 'to lack signed',             (_s, f) => delete f.signed,                         'TUF_MALFORMED'],
    ['root', 'to be signed null',          (_s, f) => set(f, { signed: null }),                'TUF_MALFORMED'],
    ['root', 'to be a list',               (_s, f) => set(f, { signed: [] }),                  'TUF_MALFORMED'],
    ['root', 'to lack signatures',         (_s, f) => delete f.signatures,                     'ok'],
    ['root', 'to have null signatures',    (_s, f) => set(f, { signatures: null }),            'ok'],
    ['root', 'to have one signature only as an object', (_s, f) => set(f, { signatures: {} }), 'TUF_MALFORMED'],
    ['root', 'in a signature to a number', (_s, f) => set(f.signatures?.[0], { sig: 1 }),      'TUF_MALFORMED'],
    ['root', 'in a signature off base64',  (_s, f) => set(f.signatures?.[0], { sig: 'AA' }),   'TUF_MALFORMED'],
    ['root', 'in a signature to base64url', (_s, f) => set(f.signatures?.[0], { sig: '-_-_' }), 'TUF_MALFORMED'],
    ['root', 'to bear 65 signatures',      (_s, f) => set(f, { signatures: Array(65).fill(f.signatures?.[0]) }), 'TUF_MALFORMED'],
    ['root', 'in a keyid',                 (_s, f) => set(f.signatures?.[0], { keyid: 'x' }),  'TUF_MALFORMED'],
    ['root', 'to lack a role',             (s) => delete s.roles?.snapshot,             'TUF_MALFORMED'],
    ['root', 'to threshold 0',             (s) => set(s.roles?.targets, { threshold: 0 }), 'TUF_MALFORMED'],
    ['root', 'to threshold -1',            (s) => set(s.roles?.targets, { threshold: -1 }), 'TUF_MALFORMED'],
    ['root', 'to threshold "1"',           (s) => set(s.roles?.targets, { threshold: '1' }), 'TUF_MALFORMED'],
    ['root', 'to a role without keys',     (s) => set(s.roles?.targets, { keyids: null }), 'ok'],
    ['root', 'to a role of an unknown key', (s) => set(s.roles?.targets, { keyids: ['0'.repeat(64)] }), 'TUF_MALFORMED'],
    ['root', 'to lack its keys',           (s) => set(s, { keys: {} }),                 'TUF_MALFORMED'],
    ['root', 'to file a key otherwise',    (s) => set(s.keys, { ['0'.repeat(64)]: first(s.keys) }), 'TUF_KEY_ID_MISMATCH'],
    ['root', 'in the type of a key',       (s) => set(first(s.keys), { keytype: 'rsa' }), 'TUF_KEY_ID_MISMATCH'],
    ['root', 'in a key to no base64',      (s) => set(first(s.keys)?.keyval, { public: '!' }), 'TUF_MALFORMED'],
    ['root', 'in a private half',          (s) => set(first(s.keys)?.keyval, { private: 'AAAA' }), 'ok'],
    ['root', 'to a consistent "false"',    (s) => set(s, { consistent_snapshot: 'false' }), 'TUF_MALFORMED'],
    ['root', 'to version 2^53',            (s) => set(s, { version: 2 ** 53 }),         'TUF_MALFORMED'],
    ['root', 'to expire at a number',      (s) => set(s, { expires: 1 }),               'TUF_MALFORMED'],
    ['targets', 'to lack delegations',     (s) => delete s.delegations,                 'ok'],
    ['targets', 'to null targets',         (s) => set(s, { targets: null }),            'ok'],
    ['targets', 'to null delegations',     (s) => set(s.delegations, { roles: null }),  'ok'],
    ['targets', 'to a delegation of a grandchild', (s) => set(s.delegations?.roles?.[0], { name: 'targets/a/b' }), 'TUF_MALFORMED'],
    ['targets', 'to a delegation named root', (s) => set(s.delegations?.roles?.[0], { name: 'root' }), 'TUF_MALFORMED'],
    ['targets', 'to a delegation twice',   (s) => set(s.delegations?.roles?.[0], { name: 'targets/releases' }), 'TUF_MALFORMED'],
    ['targets', 'to 1000 paths',           (s) => set(s.delegations?.roles?.[0], { paths: Array(1000).fill('') }), 'ok'],
    ['targets', 'to 1001 paths',           (s) => set(s.delegations?.roles?.[0], { paths: Array(1001).fill('') }), 'TUF_MALFORMED'],
    ['targets', 'to 1000 delegations',     (s) => set(s.delegations, { roles: delegations(1000) }), 'ok'],
    ['targets', 'to 1001 delegations',     (s) => set(s.delegations, { roles: delegations(1001) }), 'TUF_MALFORMED'],
    ['targets', 'to a path that is a number', (s) => set(s.delegations?.roles?.[0], { paths: [1] }), 'TUF_MALFORMED'],
    ['targets', 'to a target __proto__',   (s) => define(s.targets, '__proto__', { hashes: {}, length: 1 }), 'ok'],
    ['targets', 'to a target 10',          (s) => set(s.targets, { 10: { hashes: {}, length: 1 } }), 'ok'],
    ['targets', 'to a target of length -1', (s) => set(s.targets, { a: { hashes: {}, length: -1 } }), 'TUF_MALFORMED'],
    ['targets', 'to a target of length 1e400', (s) => set(s.targets, { a: { hashes: {}, length: '1e400' } }), 'TUF_MALFORMED'],
    ['targets', 'to a sha256 of 31 bytes', (s) => set(s.targets, { a: { hashes: { sha256: 'AAAA' }, length: 1 } }), 'TUF_MALFORMED'],
    ['targets', 'to an unknown hash',      (s) => set(s.targets, { a: { hashes: { md5: 'AAAA' }, length: 1 } }), 'ok'],
    ['targets', 'to a custom of 1.5',      (s) => set(s.targets, { a: { hashes: {}, length: 1, custom: 1.5 } }), 'TUF_MALFORMED'],
    ['targets', 'to half a surrogate pair', (s) => set(s.targets, { 'a\ud800': { hashes: {}, length: 1 } }), 'TUF_MALFORMED'],
    ['targets', 'to a replacement character', (s) => set(s.targets, { 'a\ufffd': { hashes: {}, length: 1 } }), 'ok'],
    ['snapshot', 'to lack root',           (s) => delete s.meta?.root,                  'TUF_MALFORMED'],
    ['snapshot', 'to lack targets',        (s) => delete s.meta?.targets,               'TUF_MALFORMED'],
    ['snapshot', 'to lack sha256 of root', (s) => delete s.meta?.root?.hashes?.sha256,  'TUF_MALFORMED'],
    ['snapshot', 'to lack sha512 of root', (s) => delete s.meta?.root?.hashes?.sha512,  'ok'],
    ['timestamp', 'to lack snapshot',      (s) => delete s.meta?.snapshot,              'TUF_MALFORMED'],
    ['timestamp', 'to null meta',          (s) => set(s, { meta: null }),               'TUF_MALFORMED'],
  ];
  for (const [role, what, change, code] of changes) {
    test(`${role} ${what}: ${code}`, () => {
      const file = JSON.parse(fixture(role)) as Mutable;
      change(file.signed ?? {}, file);
      const bytes = utf8(JSON.stringify(file).replace('"1e400"', '1e400'));
      if (code === 'ok') assert.equal(parseMetadata(role, bytes).role, role);
      else assert.throws(() => parseMetadata(role, bytes), { code, message: new RegExp(role) });
    });
  }

  test('names of targets mean nothing but themselves', () => {
    const file = JSON.parse(fixture('targets')) as Mutable;
    const names = ['__proto__', 'constructor', '10', '9', ''];
    for (const name of names) define(file.signed?.targets, name, { hashes: {}, length: 1 });
    const { signed } = parseMetadata('targets', utf8(JSON.stringify(file)));
    assert.deepEqual([...signed.targets.keys()].sort(), [...names].sort());
  });
});

test('nothing that a stranger sends is anything but a file or refused by a code', () => {
  const bytes = fc.oneof(
    fc.uint8Array(),
    fc.json().map(utf8),
    fc.tuple(fc.constantFrom(...roles), fc.jsonValue(), fc.nat(), fc.nat()).map(mutated),
    fc.nat(100_000).map((depth) => utf8('{"signed":'.repeat(depth))),
  );
  fc.assert(
    fc.property(fc.constantFrom(...roles), bytes, (role, content) => {
      try {
        const file = parseMetadata(role, content);
        assert.equal(file.bytes, content);
        requireFixpoint(file);
      } catch (error) {
        assert.ok(isStoreError(error), error instanceof Error ? error.stack : String(error));
        assert.match(error.code, /^TUF_/);
      }
    }),
    runs,
  );
});

/** A real file of some role in which one member, anywhere, became another value. */
function mutated([role, value, at, how]: [RoleName, unknown, number, number]): Uint8Array {
  const file = JSON.parse(fixture(role)) as Mutable;
  const places: [Mutable, string][] = [];
  const visit = (node: Mutable) => {
    for (const [name, member] of Object.entries(node)) {
      places.push([node, name]);
      if (member !== null && typeof member === 'object') visit(member);
    }
  };
  visit(file);
  const [node, name] = places[at % places.length] ?? assert.fail();
  if (how % 3 === 0) delete node[name];
  else if (how % 3 === 1) node[name] = value as Mutable;
  else define(node, '__proto__', value as Json);
  return utf8(JSON.stringify(file));
}

function fixture(role: RoleName): string {
  return readFileSync(join(fixtures, 'delegations-jeff-releases/server', `${role}.json`), 'utf8');
}

function set(object: Mutable | undefined, members: { [name: string]: Json | Mutable | undefined }) {
  Object.assign(object ?? assert.fail(), members);
}

function define(object: Mutable | undefined, name: string, value: Json): void {
  const member = { value, enumerable: true, configurable: true, writable: true };
  Object.defineProperty(object ?? assert.fail(), name, member);
}

function first(object: Mutable | undefined): Mutable | undefined {
  return Object.values(object ?? {})[0];
}

function delegations(count: number) {
  const role = { keyids: [], paths: [], threshold: 1 };
  return Array.from({ length: count }, (_, i) => ({ ...role, name: `targets/d${i}` }));
}
