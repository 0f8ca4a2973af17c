import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/support/property-runs.ts';
import { placeOf } from './place.ts';

const origins = ['store.example:5443', 'localhost:5443', '[::1]:5443'];

// biome-ignore format: the columns line up
const rows: readonly (readonly [name: string, place: string])[] = [
  // name                                      zone, namespace, repository
  ['staging/acme/app',                         'staging acme staging/acme/app'],
  ['staging/acme/team/app',                    'staging acme staging/acme/team/app'],
  ['certification/acme/app',                   'certification acme certification/acme/app'],
  ['store/acme/app',                           'store acme store/acme/app'],
  ['acme/app',                                 'ordinary acme acme/app'],
  ['alpine',                                   'ordinary alpine alpine'],
  ['my.app',                                   'ordinary my.app my.app'],
  ['staging-old/acme/app',                     'ordinary staging-old staging-old/acme/app'],
  ['store.example:5443/staging/acme/app',      'staging acme staging/acme/app'],
  ['localhost:5443/store/acme/app',            'store acme store/acme/app'],
  ['[::1]:5443/store/acme/app',                'store acme store/acme/app'],
  ['localhost:5443/acme/app',                  'ordinary acme acme/app'],
  // Other hosts, however much they look like us or like a zone.
  ['evil.com/staging/x',                       'ordinary evil.com evil.com/staging/x'],
  ['evil.com/store/acme/app',                  'ordinary evil.com evil.com/store/acme/app'],
  ['store.example/staging/acme/app',           'ordinary store.example store.example/staging/acme/app'],
  ['store.example:443/staging/acme/app',       'ordinary store.example:443 store.example:443/staging/acme/app'],
  ['localhost/staging/acme/app',               'ordinary localhost localhost/staging/acme/app'],
  ['docker.io/library/alpine',                 'ordinary docker.io docker.io/library/alpine'],
  ['staging:5443/acme/app',                    'ordinary staging:5443 staging:5443/acme/app'],
  ['localhost:5443/localhost:5443/store/a/b',  'nowhere'],
  ['evil.com/localhost:5443/store/acme/app',   'nowhere'],
  // Zones without a producer or without a name.
  ['staging',                                  'nowhere'],
  ['staging/acme',                             'nowhere'],
  ['store/acme',                               'nowhere'],
  ['localhost:5443/certification/acme',        'nowhere'],
  // Spellings.
  ['Staging/acme/app',                         'nowhere'],
  ['STORE/acme/app',                           'nowhere'],
  ['LOCALHOST:5443/staging/acme/app',          'nowhere'],
  ['staging/Acme/app',                         'nowhere'],
  ['staging/acme/../other/app',                'nowhere'],
  ['../staging/acme/app',                      'nowhere'],
  ['./staging/acme/app',                       'nowhere'],
  ['staging/./acme/app',                       'nowhere'],
  ['staging//acme/app',                        'nowhere'],
  ['/staging/acme/app',                        'nowhere'],
  ['staging/acme/app/',                        'nowhere'],
  ['staging%2facme/app',                       'nowhere'],
  ['staging/acme%2fapp/x',                     'nowhere'],
  ['%73taging/acme/app',                       'nowhere'],
  ['staging\\acme\\app',                       'nowhere'],
  ['staging/acme/app\n',                       'nowhere'],
  ['staging/acme/app\0',                       'nowhere'],
  ['st\u0430ging/acme/app',                    'nowhere'],
  ['ｓtaging/acme/app',                        'nowhere'],
  ['staging/acme/app:latest',                  'nowhere'],
  ['staging/acme/app@sha256:00',               'nowhere'],
  ['',                                         'nowhere'],
  ['/',                                        'nowhere'],
  ['localhost:5443',                           'nowhere'],
  ['localhost:5443/',                          'nowhere'],
  [`acme/${'a'.repeat(251)}`,                  'nowhere'],
];

for (const [name, place] of rows) {
  test(`${JSON.stringify(name.slice(0, 60))} lies in: ${place}`, () => {
    const found = placeOf(name, origins);
    const text =
      found.zone === 'nowhere' ? 'nowhere' : `${found.zone} ${found.namespace} ${found.repository}`;
    assert.equal(text, place);
  });
}

const spelling = fc
  .array(
    fc.oneof(
      fc.constantFrom('staging', 'store', 'certification', 'acme', 'localhost:5443', 'evil.com'),
      fc.constantFrom('/', '/', '..', '.', '%2f', 'Staging', '\\', ':', '', ' '),
      fc.string({ maxLength: 3 }),
    ),
    { maxLength: 9 },
  )
  .map((parts) => parts.join(''));

test('whatever lies in a zone is spelt ZONE/PRODUCER/NAME, behind nothing or one of our own names', () => {
  fc.assert(
    fc.property(spelling, (name) => {
      const place = placeOf(name, origins);
      if (place.zone === 'nowhere' || place.zone === 'ordinary') return;
      assert.ok(place.repository.startsWith(`${place.zone}/${place.namespace}/`));
      const prefixes = ['', ...origins.map((origin) => `${origin}/`)];
      assert.ok(prefixes.some((prefix) => `${prefix}${place.repository}` === name));
    }),
    runs,
  );
});
