import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/support/property-runs.ts';
import { makeSigner } from '../../test/support/simulated-repository.ts';
import { equalBytes, isStoreError, type Json, utf8 } from '../base/index.ts';
import {
  newTargets,
  parseFixpoint,
  parseMetadata,
  type RoleName,
  releasesRole,
  requireFixpoint,
  signFile,
  type Targets,
  withDelegation,
  withTarget,
} from './index.ts';

const folder = join(
  import.meta.dirname,
  '../../test/fixtures/notary/delegations-jeff-releases/server',
);

/*
 * notary-server 0.7.0 accepts each of these uploads with 200 and can never serve the repository
 * again: it lists the hash of its own writing. A row changes the text of a file notary wrote.
 */
describe('a file that Go would write otherwise', () => {
  // biome-ignore format: a table
  const changes: readonly (readonly [role: RoleName, what: string, from: RegExp | string, to: string, fixpoint: boolean])[] = [
    ['targets',  'nothing',                          '',                       '',                         true],
    ['targets',  'expires in whole seconds',         /(:\d\d)\.\d+Z/,          '$1Z',                      true],
    ['targets',  'expires in another zone',          /(:\d\d)\.\d+Z/,          '$1+01:00',                 true],
    ['targets',  'expires with a zero too many',     /(:\d\d)\.\d+Z/,          '$1.120Z',                  false],
    ['targets',  'expires with a fraction of zero',  /(:\d\d)\.\d+Z/,          '$1.0Z',                    false],
    ['targets',  'expires in +00:00',                /(:\d\d)\.\d+Z/,          '$1+00:00',                 false],
    ['targets',  'a method in capitals',             '"ecdsa","sig"',          '"ECDSA","sig"',            false],
    ['targets',  'a newline at the end',             /$/,                      '\n',                       false],
    ['targets',  'white space',                      '"signed":',              '"signed": ',               false],
    ['targets',  'signatures first',                 /^\{("signed":.*),("signatures":.*)\}$/, '{$2,$1}',  false],
    ['targets',  'an unknown member in signed',      '"version"',              '"unknown":1,"version"',    false],
    ['targets',  'an unknown member in a role',      '"threshold"',            '"terminating":true,"threshold"', false],
    ['targets',  'an unknown member outside',        /\}$/,                    ',"x":1}',                  false],
    ['targets',  'a member twice',                   '"version"',              '"version":1,"version"',    false],
    ['targets',  'a member in other capitals',       '"version":',             '"Version":1,"version":',   false],
    ['targets',  'members in another order',         /("_type":"Targets"),(.*),"expires":("[^"]*")/, '$1,"expires":$3,$2', false],
    ['targets',  'a private key',                    '"private":null',         '"private":"AAAA"',         false],
    ['targets',  'a key without private',            '"private":null,',        '',                         false],
    ['targets',  'empty paths',                      '"paths":[""]',           '"paths":[]',               false],
    ['targets',  'null paths',                       '"paths":[""]',           '"paths":null',             false],
    ['targets',  'no paths',                         ',"paths":[""]',          '',                         true],
    ['targets',  'two paths',                        '"paths":[""]',           '"paths":["b","a"]',        true],
    ['targets',  'a role without keys as null',      /"keyids":\[[^\]]*\]/,    '"keyids":null',            true],
    ['targets',  'a role without keys',              /"keyids":\[[^\]]*\]/,    '"keyids":[]',              true],
    ['targets',  'no delegations as null',           /"roles":\[.*\]\},"expires"/, '"roles":null},"expires"', true],
    ['targets',  'no delegations at all',            /"delegations":.*,"expires"/, '"expires"',            false],
    ['targets',  'keys null',                        /"keys":\{.*\},"roles":\[.*\]\},"expires"/, '"keys":null,"roles":[]},"expires"', false],
    ['targets',  'targets null',                     '"targets":{}',           '"targets":null',           true],
    ['targets',  'version 2.0',                      '"version":2',            '"version":2.0',            false],
    ['targets',  'version 2e0',                      '"version":2',            '"version":2e0',            false],
    ['targets',  'a letter escaped',                 '"targets/jeff"',         '"targets/j\\u0065ff"',     false],
    ['targets',  'a slash escaped',                  '"targets/jeff"',         '"targets\\/jeff"',         false],
    ['root',     'consistent_snapshot true',         '"consistent_snapshot":false', '"consistent_snapshot":true', true],
    ['root',     'no consistent_snapshot',           '"consistent_snapshot":false,', '',                   false],
    ['root',     'a name in a role',                 '"threshold"',            '"name":"x","threshold"',   false],
    ['snapshot', 'a hash more, in order',            '"hashes":{',             '"hashes":{"md5":"",',      true],
    ['timestamp', 'an unknown member in meta',       '"length"',               '"extra":1,"length"',       false],
  ];
  for (const [role, what, from, to, fixpoint] of changes) {
    test(`${role} with ${what} is ${fixpoint ? 'taken' : 'refused'}`, () => {
      const text = readFileSync(join(folder, `${role}.json`), 'utf8');
      const bytes = utf8(text.replace(from, to));
      if (what !== 'nothing') assert.notDeepEqual(bytes, utf8(text));
      const file = parseMetadata(role, bytes);
      if (fixpoint) {
        assert.equal(requireFixpoint(file), file);
        assert.deepEqual(parseFixpoint(role, bytes), file);
      } else assert.throws(() => requireFixpoint(file), { code: 'TUF_NOT_FIXPOINT' });
    });
  }
});

test('a target is taken only as Go escapes its name and copies its custom value', () => {
  // biome-ignore format: a table
  const cases: readonly (readonly [target: string, fixpoint: boolean])[] = [
    ['"a\\u003cb\\u003e\\u0026c é\\"\\\\":{"hashes":{},"length":5}',         true],
    ['"a<b":{"hashes":{},"length":5}',                                       false],
    ['"a\\u2028b":{"hashes":{},"length":5}',                                 true],
    ['"a\u2028b":{"hashes":{},"length":5}',                                  false],
    ['"a\\u003Cb":{"hashes":{},"length":5}',                                 false],
    ['"a\\u00e9":{"hashes":{},"length":5}',                                  false],
    ['"a\\tb":{"hashes":{},"length":5}',                                     false],
    ['"b":{"hashes":{},"length":5},"a":{"hashes":{},"length":5}',            false],
    ['"a":{"hashes":{},"length":5},"b":{"hashes":{},"length":5}',            true],
    ['"9":{"hashes":{},"length":5},"10":{"hashes":{},"length":5}',           false],
    ['"10":{"hashes":{},"length":5},"9":{"hashes":{},"length":5}',           true],
    ['"__proto__":{"hashes":{},"length":5}',                                 true],
    ['"a":{"hashes":null,"length":5}',                                       true],
    ['"a":{"length":5}',                                                     false],
    ['"a":{"hashes":{},"length":5,"custom":1}',                              false],
    ['"a":{"custom":{"z":1,"a":[true,null,"é\\u00e9\\n"]},"hashes":{},"length":5}', true],
    ['"a":{"custom":"}],\\"","hashes":{},"length":5}',                       true],
    ['"a":{"custom":"\\u003c","hashes":{},"length":5}',                      true],
    ['"a":{"custom":"<","hashes":{},"length":5}',                            false],
    ['"a":{"custom":{"a": 1},"hashes":{},"length":5}',                       false],
    ['"a":{"custom": 1,"hashes":{},"length":5}',                             false],
    ['"a":{"custom":null,"hashes":{},"length":5}',                           false],
    ['"a":{"custom":1e3,"hashes":{},"length":5}',                            true],
    ['"a":{"custom":1,"hashes":{},"length":5},"b":{"custom":[],"hashes":{},"length":5}', true],
    ['"a":{"custom":1,"hashes":{},"length":5},"b":{"hashes":{},"custom":[],"length":5}', false],
  ];
  for (const [target, fixpoint] of cases) {
    const text = readFileSync(join(folder, 'targets.json'), 'utf8');
    const file = parseMetadata(
      'targets',
      utf8(text.replace('"targets":{}', () => `"targets":{${target}}`)),
    );
    if (fixpoint) {
      assert.equal(requireFixpoint(file), file, target);
      assert.deepEqual(parseFixpoint('targets', file.bytes), file, target);
    } else assert.throws(() => requireFixpoint(file), { code: 'TUF_NOT_FIXPOINT' }, target);
  }
});

test('whatever is edited and signed here is a fixpoint, and reads as what was meant', async () => {
  const now = new Date('2026-11-21T00:00:00Z');
  const signer = makeSigner();
  const name = fc.oneof(
    fc.string({ minLength: 1, unit: 'binary' }),
    fc.constantFrom('__proto__', '10', '<&>\u2028'),
  );
  const entry = fc.tuple(name, fc.maxSafeNat(), fc.option(fc.jsonValue(), { nil: undefined }));
  await fc.assert(
    fc.asyncProperty(fc.array(entry), fc.nat(999), async (entries, millis) => {
      let targets: Targets = { ...newTargets(now), expiresAt: new Date(now.getTime() + millis) };
      targets = withDelegation(targets, {
        name: releasesRole,
        keys: [signer.key],
        paths: ['v', '<'],
      });
      for (const [each, sizeBytes, custom] of entries) {
        const meta = { sizeBytes, hashes: new Map([['sha256', new Uint8Array(32)]]) };
        const given = custom === undefined ? meta : { ...meta, custom: custom as Json };
        targets = attempt(() => withTarget(targets, each, given)) ?? targets;
      }
      const file = await signFile('targets', targets, [signer]);
      const read = parseMetadata('targets', file.bytes);
      assert.equal(requireFixpoint(read), read);
      assert.ok(equalBytes(read.payload, file.payload));
      assert.deepEqual(parseFixpoint('targets', file.bytes), read);
      assert.deepEqual([...read.signed.targets.keys()].sort(), [...targets.targets.keys()].sort());
      assert.deepEqual(read.expiresAt, targets.expiresAt);
    }),
    { numRuns: Math.ceil(runs.numRuns / 4) },
  );
});

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    assert.ok(isStoreError(error), String(error));
    return undefined;
  }
}
