import assert from 'node:assert/strict';
import { test } from 'node:test';
import Fastify from 'fastify';
import { readExposition } from '../../../test/support/exposition.ts';
import { MemoryUsers, PlainPasswords } from '../../../test/support/memory-users.ts';
import { Secret } from '../../base/index.ts';
import { parseGun } from '../../tuf/index.ts';
import { createAuth } from '../auth/index.ts';
import { metrics, type SignerState } from './metrics.ts';
import { OperationCounts } from './operation-counts.ts';
import { prometheusText } from './prometheus.ts';
import { RenewalCounts } from './renewal-counts.ts';

const now = new Date('2026-11-21T10:00:00Z');

async function ask(user: string | undefined, signer?: SignerState, query = '') {
  const users = new MemoryUsers();
  await users.with('carol', 'consumer');
  await users.with('rita', 'reviewer');
  const auth = createAuth({
    ...{ users, passwords: new PlainPasswords(), origins: ['localhost:5443'], service: 'store' },
    policy: { storeIsPublic: true, publicNamespaces: new Set(), deletionRecalls: false },
    tokenKey: new Secret(new Uint8Array(32).fill(1)),
    random: (size) => new Uint8Array(size).fill(7),
    clock: () => now,
  });
  const counts = new OperationCounts();
  const renewals = new RenewalCounts();
  for (const result of ['renewed', 'renewed', 'failed'] as const) renewals.count(result);
  const get = { operation: 'GetRole', method: 'GET', bytesIn: 0 } as const;
  counts.meter({ ...get, status: 200, ms: 1.5, bytesOut: 500 });
  counts.meter({ ...get, status: 200, ms: 0.5, bytesOut: 300 });
  counts.meter({ ...get, method: 'BREW', status: 405, ms: 1, bytesOut: 0 });
  const app = Fastify();
  await app.register(
    metrics({
      ...{ auth: auth.api, counts, renewals, clock: () => now, residentBytes: () => 1_000 },
      signer,
      summary: async (before) => [
        { kind: 'timestamp', earliest: before[1], before: before.map((_, i) => i) },
        { kind: 'root-certificate', earliest: undefined, before: before.map(() => 0) },
      ],
      urgent: async (days, limit, at) => {
        assert.deepEqual([days, limit, at], [180, 100, now]);
        const line = { gun: parseGun('h/acme/app'), expiresAt: now, by: 'root-owner' } as const;
        return [{ ...line, kind: 'root-certificate', role: 'root', todo: 'rotate the "root" key' }];
      },
      expiries: async (before, limit, at) => {
        assert.deepEqual([before.getUTCFullYear() > 2100, limit, at], [true, 7, now]);
        const line = { gun: parseGun('h/acme/app'), expiresAt: now, by: 'server' } as const;
        return [{ ...line, kind: 'timestamp', role: 'timestamp', todo: 'nothing' }];
      },
    }),
  );
  const login = Buffer.from(`${user}:${user}-password`).toString('base64');
  const headers = user === undefined ? {} : { authorization: `Basic ${login}` };
  return await app.inject({ url: `/metrics${query}`, headers });
}

test('metrics are for reviewers and administrators', async () => {
  assert.equal((await ask(undefined)).statusCode, 401);
  assert.equal((await ask('carol')).statusCode, 403);
  const { statusCode, headers } = await ask('rita');
  assert.equal(statusCode, 200);
  assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
});

test('the metrics have Notary’s names for requests, and expiries by kind, and the soonest by GUN', async () => {
  const { body } = await ask('rita');
  assert.equal(
    body,
    `# HELP notary_server_http_requests_total Requests of the trust server that were answered.
# TYPE notary_server_http_requests_total counter
notary_server_http_requests_total{operation="GetRole",method="get",code="200"} 2
notary_server_http_requests_total{operation="GetRole",method="other",code="405"} 1
# HELP notary_server_http_request_duration_microseconds Time until the answer had been handed to the network.
# TYPE notary_server_http_request_duration_microseconds summary
notary_server_http_request_duration_microseconds_sum{operation="GetRole"} 3000
notary_server_http_request_duration_microseconds_count{operation="GetRole"} 3
# HELP notary_server_http_request_size_bytes Bodies received.
# TYPE notary_server_http_request_size_bytes summary
notary_server_http_request_size_bytes_sum{operation="GetRole"} 0
notary_server_http_request_size_bytes_count{operation="GetRole"} 3
# HELP notary_server_http_response_size_bytes Bodies sent.
# TYPE notary_server_http_response_size_bytes summary
notary_server_http_response_size_bytes_sum{operation="GetRole"} 800
notary_server_http_response_size_bytes_count{operation="GetRole"} 3
# HELP countermark_trust_renewals_total Renewals of snapshots and timestamps by the store itself; failed: tried again soon, refused: others must act.
# TYPE countermark_trust_renewals_total counter
countermark_trust_renewals_total{result="renewed"} 2
countermark_trust_renewals_total{result="refused"} 0
countermark_trust_renewals_total{result="failed"} 1
# HELP countermark_trust_earliest_expiry_timestamp_seconds When the first current file of this kind, or root certificate, expires.
# TYPE countermark_trust_earliest_expiry_timestamp_seconds gauge
countermark_trust_earliest_expiry_timestamp_seconds{kind="timestamp"} ${now.getTime() / 1_000 + 3 * 86_400}
# HELP countermark_trust_expiring Current files of this kind, or root certificates, that expire within so many days; 0d: that have expired.
# TYPE countermark_trust_expiring gauge
countermark_trust_expiring{kind="timestamp",within="0d"} 0
countermark_trust_expiring{kind="timestamp",within="3d"} 1
countermark_trust_expiring{kind="timestamp",within="7d"} 2
countermark_trust_expiring{kind="timestamp",within="30d"} 3
countermark_trust_expiring{kind="timestamp",within="180d"} 4
countermark_trust_expiring{kind="root-certificate",within="0d"} 0
countermark_trust_expiring{kind="root-certificate",within="3d"} 0
countermark_trust_expiring{kind="root-certificate",within="7d"} 0
countermark_trust_expiring{kind="root-certificate",within="30d"} 0
countermark_trust_expiring{kind="root-certificate",within="180d"} 0
# HELP countermark_trust_expiry_timestamp_seconds What expires soonest, who can put it off, and how.
# TYPE countermark_trust_expiry_timestamp_seconds gauge
countermark_trust_expiry_timestamp_seconds{gun="h/acme/app",kind="root-certificate",role="root",by="root-owner",todo="rotate the \\"root\\" key"} ${now.getTime() / 1_000}
# HELP process_resident_memory_bytes Resident memory size in bytes.
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 1000
`,
  );
});

test('a signer apart is up, or is not, and its certificate has an end', async () => {
  const certificateEndsAt = () => new Date('2036-11-21T10:00:00Z');
  const isUp = async (isServing: () => Promise<boolean>) => {
    const families = readExposition((await ask('rita', { isServing, certificateEndsAt })).body);
    const end = families.get('countermark_signer_certificate_expiry_timestamp_seconds');
    assert.equal(end?.samples[0]?.value, certificateEndsAt().getTime() / 1_000);
    return families.get('countermark_signer_up')?.samples[0]?.value;
  };
  assert.equal(await isUp(async () => true), 1);
  assert.equal(await isUp(async () => false), 0);
  assert.equal(await isUp(() => Promise.reject(new Error('the signer is away'))), 0);
});

test('label values are escaped', () => {
  const samples = [{ labels: { a: '"\\\n' }, value: 1 }];
  const text = prometheusText([{ name: 'x', help: 'h', type: 'gauge', samples }]);
  assert.equal(readExposition(text).get('x')?.samples[0]?.labels.get('a'), '"\\\n');
  assert.match(text, /x\{a="\\"\\\\\\n"\} 1/);
});

test('whoever wants them gets the soonest of all that expires, and no more than there may be', async () => {
  const { body } = await ask('rita', undefined, '?expiries=7');
  const series = 'countermark_trust_expiry_timestamp_seconds';
  assert.ok(
    body.includes(`${series}{gun="h/acme/app",kind="timestamp",role="timestamp",by="server"`),
  );
  assert.ok(!body.includes('kind="root-certificate",role="root"'));
  for (const wrong of ['0', '10001', '-1', 'all', '1e3', '', '1&expiries=2']) {
    const { statusCode } = await ask('rita', undefined, `?expiries=${wrong}`);
    assert.equal(statusCode, 400, wrong);
  }
});
