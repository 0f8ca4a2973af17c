import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { NotaryWorld, refused } from '../../../test/support/notary-world.ts';
import { partsOf } from '../../../test/support/simulated-publisher.ts';
import { edits, gun, now, tag } from '../../../test/support/trust-world.ts';

const world = await NotaryWorld.start();
after(() => world[Symbol.asyncDispose]());
for (const name of ['v1', 'v2', 'v3']) {
  const update = await world.publisher.update({ targets: edits([['targets', tag(name)]]) }, now);
  await world.upload(partsOf(update));
}

test('tells changes of one GUN, or of all', async () => {
  for (const path of [`/v2/${gun}/_trust/changefeed`, '/v2/_trust/changefeed']) {
    const { count, records } = JSON.parse((await world.get(`${path}?records=2`)).text);
    assert.deepEqual([count, records.length], [2, 2]);
    assert.deepEqual(Object.keys(records[0]), [
      'ID',
      'CreatedAt',
      'GUN',
      'Version',
      'SHA256',
      'Category',
    ]);
    assert.deepEqual([records[0].ID, records[0].GUN, records[0].Category], ['1', gun, 'update']);
  }
  const elsewhere = await world.get('/v2/localhost:5443/acme/none/_trust/changefeed?records=1');
  assert.deepEqual(JSON.parse(elsewhere.text), { count: 0, records: [] });
});

const newest = 'N';
for (const [query, first, count] of [
  ['records=1&change_id=1', '2', 1],
  ['records=-1&change_id=3', '2', 1],
  ['records=-1', newest, 1],
  ['records=1&change_id=-1', newest, 1],
  ['records=0&change_id=0', '1', undefined],
] as const) {
  test(`${query} starts at ${first}`, async () => {
    const [last] = await world.store.changes({ from: 'newest', limit: 1 });
    const { records } = JSON.parse((await world.get(`/v2/${gun}/_trust/changefeed?${query}`)).text);
    assert.equal(records[0].ID, first === newest ? String(last?.id) : first);
    if (count !== undefined) assert.equal(records.length, count);
  });
}

for (const query of [
  '',
  'records=',
  'records=x',
  'records=1.5',
  'records=1&change_id=x',
  'records=9e9',
]) {
  test(`"${query}" is INVALID_PARAMETERS`, async () => {
    const answer = await world.get(`/v2/${gun}/_trust/changefeed?${query}`);
    const { detail } = refused(answer, 400, 'INVALID_PARAMETERS');
    assert.match(String(detail), /^invalid (records|change_id) parameter: /);
  });
}
