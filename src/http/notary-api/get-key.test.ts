import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { base, NotaryWorld } from '../../../test/support/notary-world.ts';
import { gun, now } from '../../../test/support/trust-world.ts';
import { parsePublicKey } from '../../tuf/index.ts';

const world = await NotaryWorld.start();
after(() => world[Symbol.asyncDispose]());

test('a key is answered as Notary writes it and can be read back', async () => {
  for (const role of ['timestamp', 'snapshot'] as const) {
    const answer = await world.get(`${base}${role}.key`);
    assert.match(
      answer.text,
      /^\{"keytype":"ecdsa","keyval":\{"public":"[\w+/=]+","private":null\}\}$/,
    );
    assert.equal(
      parsePublicKey(JSON.parse(answer.text)).id,
      (await world.trust.publicKey(gun, role, now)).id,
    );
  }
});

test('POST makes a key for the next root, the same until it is used', async () => {
  const current = await world.get(`${base}timestamp.key`);
  const next = await world.send('POST', `${base}timestamp.key`);
  assert.equal(next.status, 200);
  assert.notEqual(next.text, current.text);
  assert.equal((await world.send('POST', `${base}timestamp.key`)).text, next.text);
  assert.equal((await world.get(`${base}timestamp.key`)).text, current.text);
});

test('a repository that does not exist has pending keys', async () => {
  const path = '/v2/localhost:5443/acme/new/_trust/tuf/snapshot.key';
  assert.equal((await world.get(path)).text, (await world.get(path)).text);
});
