import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import { type ReadFamily, readExposition } from '../../../test/support/exposition.ts';
import { freePort } from '../../../test/support/free-port.ts';
import { wireRequest } from '../../../test/support/wire-request.ts';
import { Secret } from '../../base/index.ts';
import { parseConfig } from '../config.ts';
import { DataFolder } from '../state/data-folder.ts';
import { type RunningStore, startStore } from './start-store.ts';

/* The metrics of a whole store, read by a strict reader, with none and with very many GUNs. */
const folder = mkdtempSync(join(tmpdir(), 'cm-metrics-'));
const password = 'a password for a test';
const manyGuns = 100_000;
let store: RunningStore;
let url = '';

before(async () => {
  const listen = `localhost:${await freePort()}`;
  url = `https://${listen}`;
  store = await startStore(parseConfig({ data: folder, listen }), {
    folder: DataFolder.open(folder),
    adminPassword: new Secret(password),
    log: pino({ level: 'silent' }),
    clock: () => new Date(),
  });
});
after(async () => {
  await store?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function scrape(): Promise<Map<string, ReadFamily>> {
  const authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
  const { status, body } = await wireRequest(`${url}/metrics`, { headers: { authorization } });
  assert.equal(status, 200, String(body));
  return readExposition(String(body));
}

const seriesOf = (families: Map<string, ReadFamily>) =>
  [...families.values()].reduce((sum, { samples }) => sum + samples.length, 0);

const expiring = (families: Map<string, ReadFamily>, kind: string, within: string) =>
  families
    .get('countermark_trust_expiring')
    ?.samples.find(({ labels }) => labels.get('kind') === kind && labels.get('within') === within)
    ?.value;

test('they are what Prometheus reads, and begin at nothing', async () => {
  const families = await scrape();
  const renewals = families.get('countermark_trust_renewals_total');
  assert.deepEqual(
    renewals?.samples.map(({ labels, value }) => [labels.get('result'), value]),
    [
      ['renewed', 0],
      ['refused', 0],
      ['failed', 0],
    ],
  );
  assert.equal(expiring(families, 'timestamp', '3d'), 0);
  assert.equal(families.get('countermark_signer_up'), undefined, 'there is no signer apart');
});

test('their number does not grow with GUNs, nor with what strangers ask for', async () => {
  for (let at = 0; at < 300; at++) {
    const path = `${url}/v2/stranger.example/n${at}/_trust/tuf/${at}.root.json`;
    await wireRequest(path, { method: at % 2 ? 'GET' : 'HEAD' });
  }
  const few = await scrape();
  addGuns();
  const startedAt = performance.now();
  const many = await scrape();
  assert.ok(performance.now() - startedAt < 10_000, 'a scrape that Prometheus would give up');
  // Kinds that nothing had before have an earliest end now, and of all there are the hundred soonest.
  const earliest = many.get('countermark_trust_earliest_expiry_timestamp_seconds');
  const soonest = many.get('countermark_trust_expiry_timestamp_seconds')?.samples ?? [];
  assert.equal(soonest.length, 100);
  assert.ok(seriesOf(many) <= seriesOf(few) + (earliest?.samples.length ?? 0) + soonest.length);
  assert.ok(seriesOf(many) < 220, String(seriesOf(many)));
  assert.equal(expiring(many, 'timestamp', '7d'), manyGuns / 2);
  assert.equal(expiring(many, 'root-certificate', '180d'), manyGuns);
  for (const { labels } of soonest) {
    assert.match(labels.get('gun') ?? '', /^localhost\/many\/g\d+$/);
    assert.equal(labels.get('kind'), 'root-certificate');
    assert.equal(labels.get('by'), 'root-owner');
    assert.match(
      labels.get('todo') ?? '',
      /^rotate the root key before it ends: notary key rotate/,
    );
  }
  const texts = [...many.values()].flatMap(({ samples }) =>
    samples
      .filter((sample) => !soonest.includes(sample))
      .flatMap(({ labels }) => [...labels.values()]),
  );
  assert.ok(
    texts.every((text) => !text.includes('/')),
    'no other label bears a GUN',
  );
});

/** Into the index as publishes write it; half the timestamps end within the week. */
function addGuns(): void {
  using database = new DatabaseSync(join(folder, 'store.sqlite'));
  const day = 86_400_000;
  const now = Date.now();
  for (const [kind, role, days] of [
    ['root', 'root', 3_650],
    ['root-certificate', 'root', 100],
    ['targets', 'targets', 1_000],
    ['snapshot', 'snapshot', 1_000],
    ['timestamp', 'timestamp', 0],
  ] as const) {
    database
      .prepare(
        `with recursive n (i) as (select 1 union all select i + 1 from n where i < ?)
         insert into expiries (gun, role, kind, version, expires_at, due_at)
         select 'localhost/many/g' || i, ?, ?, 1, ? + (case when ? then 0 when i % 2 then ? else ? end), null from n`,
      )
      .run(manyGuns, role, kind, now + days * day, days > 0 ? 1 : 0, 5 * day, 10 * day);
  }
}
