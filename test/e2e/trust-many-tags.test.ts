/** A repository of 50,000 tags is uploaded, published on top of, and read by notary. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Targets } from '../../src/tuf/index.ts';
import { Person } from '../support/flow-person.ts';
import { startOpenTrustServer } from '../support/open-trust-server.ts';
import { partsOf } from '../support/simulated-publisher.ts';
import { edits, tag } from '../support/trust-world.ts';
import { publishedOn, WireTrust } from '../support/wire-publisher.ts';

test('50,000 tags are published, one more on top of them, and notary reads all of it', async (t) => {
  await using server = await startOpenTrustServer();
  const now = new Date();
  const trust = new WireTrust(server.url);
  const publisher = await publishedOn(trust, '127.0.0.1:5000/acme/many', now);
  for (const [what, edit] of [
    ['50,000 tags', fiftyThousand],
    ['one more', tag('one-more')],
  ] as const) {
    const update = await publisher.update({ targets: edits([['targets', edit]]) }, now);
    const began = performance.now();
    const answer = await trust.upload(publisher.gun, partsOf(update));
    t.diagnostic(`${what}: accepted after ${Math.round(performance.now() - began)} ms`);
    assert.equal(answer.status, 200, answer.body.toString());
    const { bytes } = (await trust.current(publisher.gun, 'targets')) ?? assert.fail();
    assert.deepEqual(bytes, Buffer.from(update.get('targets')?.bytes ?? []));
  }
  const folder = mkdtempSync(join(tmpdir(), 'cm-many-tags-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const names = await new Person(server, folder, 'reader').goNames(publisher.gun);
  assert.equal(names.length, 50_001);
  assert.ok(names.includes('one-more') && names.includes('v1.49999.0'));
});

function fiftyThousand(targets: Targets): Targets {
  const hashes = new Map([['sha256', new Uint8Array(32).fill(7)]]);
  const made = Array.from(
    { length: 50_000 },
    (_, i) => [`v1.${i}.0`, { sizeBytes: 528, hashes }] as const,
  );
  return { ...targets, targets: new Map(made) };
}
