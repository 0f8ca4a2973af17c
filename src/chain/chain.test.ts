import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChainWorld } from '../../test/support/chain-world.ts';

test('a signed image passes every link and is published under every name of the store', async () => {
  await using world = await ChainWorld.open();
  const image = await world.submit('staging/acme/app', '1');
  await world.settle();
  const candidate = await world.only();
  console.log(world.events);
  assert.equal(candidate.state, 'published', JSON.stringify(candidate));
  assert.equal(candidate.digest, image.digest);
});
