import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isRepositoryName, parseRepositoryName } from '../oci/index.ts';
import {
  certificationOf,
  isStagingRepository,
  parseStagingRepository,
  stagingOf,
  storeOf,
  zoneOf,
} from './zones.ts';

const numRuns = process.env.SLOW ? 20_000 : 200;

const zones = [
  ['staging/acme/app', 'staging'],
  ['staging/acme', 'staging'],
  ['certification/acme/app', 'certification'],
  ['store/acme/app', 'store'],
  ['acme/app', 'ordinary'],
  ['acme', 'ordinary'],
  ['staging', 'ordinary'],
  ['stagings/acme/app', 'ordinary'],
  ['acme/staging/app', 'ordinary'],
  ['store-front/app', 'ordinary'],
] as const;

for (const [repository, zone] of zones) {
  test(`${repository} lies in the zone ${zone}`, () => assert.equal(zoneOf(repository), zone));
}

const refused = [
  ['staging/acme', 'it has no name'],
  ['staging//app', 'its producer is empty'],
  ['staging/acme/', 'its name is empty'],
  ['staging/Acme/app', 'it has a capital'],
  ['staging/acme/../../store/acme/app', 'it climbs'],
  ['store/acme/app', 'it is of another zone'],
  ['acme/app', 'it is of no zone'],
  [`staging/acme/${'a'.repeat(237)}`, 'its name in the certification zone would be too long'],
  ['', 'it is empty'],
] as const;

for (const [repository, why] of refused) {
  test(`"${repository.slice(0, 40)}" is no staging repository: ${why}`, () => {
    assert.throws(() => parseStagingRepository(repository), { code: 'CHAIN_REPOSITORY_NAME' });
  });
}

test('a staging repository has one place in each of the other zones', () => {
  const repository = parseStagingRepository('staging/acme/tools/app');
  assert.equal(certificationOf(repository), 'certification/acme/tools/app');
  assert.equal(storeOf(repository), 'store/acme/tools/app');
  assert.equal(stagingOf(storeOf(repository)), repository);
  for (const other of [repository, certificationOf(repository), 'acme/app', 'store/acme']) {
    assert.equal(stagingOf(parseRepositoryName(other)), undefined, other);
  }
});

test('whatever the name, its places are valid names of their zones', () => {
  const component = fc.stringMatching(/^[a-z0-9]{1,20}([._-][a-z0-9]{1,20})?$/);
  fc.assert(
    fc.property(fc.array(component, { maxLength: 8 }), (components) => {
      const name = ['staging', ...components].join('/');
      if (!isStagingRepository(name)) return components.length < 2 || name.length > 249;
      const places = [certificationOf(name), storeOf(name)];
      return places.every((place) => isRepositoryName(place) && zoneOf(place) !== 'staging');
    }),
    { numRuns },
  );
});
