import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import { type Clock, dayMs } from '../../base/index.ts';
import type { ExpiryLine, ExpirySummary } from '../../trust/index.ts';
import type { ApiAuth } from '../auth/index.ts';
import { answerProblem, apiError, type ReportExpiries } from '../store-api/index.ts';
import type { OperationCounts } from './operation-counts.ts';
import { type Metric, prometheusText, prometheusType } from './prometheus.ts';
import type { RenewalCounts } from './renewal-counts.ts';

/** Timestamps are renewed with more than three days left. */
const windowsDays = [3, 7, 30, 180];
const mostByGun = 100;
const mostAsked = 10_000;
const centuryMs = 36_525 * dayMs;

/** The signer as the store sees it. */
export interface SignerState {
  /** Whether it answers now. */
  readonly isServing: () => Promise<boolean>;
  /** When the store's certificate for it ends, or the authority's. */
  readonly certificateEndsAt: () => Date;
}

/** What the metrics are made of. */
export interface MetricsOptions {
  readonly auth: ApiAuth;
  readonly counts: OperationCounts;
  readonly renewals: RenewalCounts;
  /** Of a store whose keys a signer holds. */
  readonly signer?: SignerState | undefined;
  /** How many things of each kind expire before each of some instants. */
  readonly summary: (before: readonly Date[]) => Promise<readonly ExpirySummary[]>;
  /** What expires within so many days and is not being renewed as it should be, soonest first. */
  readonly urgent: (days: number, limit: number, now: Date) => Promise<readonly ExpiryLine[]>;
  /** What expires before an instant at all. */
  readonly expiries: ReportExpiries;
  /** Resident memory of the process, in bytes. */
  readonly residentBytes: () => number;
  readonly clock: Clock;
}

/**
 * `GET /metrics?expiries=`: Prometheus' text, for reviewers and administrators by HTTP Basic. It is not open
 * to everybody, as Notary's is, nor to whoever comes from loopback: behind a proxy on the same
 * machine that is everybody.
 */
export function metrics(options: MetricsOptions): FastifyPluginAsync {
  const { auth, counts, renewals, signer, residentBytes } = options;
  return async function metricsRoute(app: FastifyInstance): Promise<void> {
    app.setErrorHandler(answerProblem);
    app.get('/metrics', async (request, reply) => {
      auth.require(await auth.principal(request), 'trust.expiry', 'read metrics');
      const asked = askedOf(request.query as { expiries?: string | string[] });
      const memory: Metric = {
        name: 'process_resident_memory_bytes',
        help: 'Resident memory size in bytes.',
        type: 'gauge',
        samples: [{ value: residentBytes() }],
      };
      const all = [
        ...counts.metrics(),
        ...renewals.metrics(),
        ...(signer ? await signerMetrics(signer) : []),
        ...(await expiryMetrics(options, asked)),
        memory,
      ];
      return reply
        .header('cache-control', 'no-store')
        .type(prometheusType)
        .send(prometheusText(all));
    });
  };
}

async function signerMetrics({ isServing, certificateEndsAt }: SignerState): Promise<Metric[]> {
  const up = await isServing().catch(() => false);
  return [
    {
      name: 'countermark_signer_up',
      help: 'Whether the signer that holds the keys answers this store now.',
      type: 'gauge',
      samples: [{ value: up ? 1 : 0 }],
    },
    {
      name: 'countermark_signer_certificate_expiry_timestamp_seconds',
      help: 'When the certificate by which the store calls its signer ends, or the authority of both.',
      type: 'gauge',
      samples: [{ value: Math.floor(certificateEndsAt().getTime() / 1_000) }],
    },
  ];
}

/** @throws StoreError API_REQUEST_INVALID */
function askedOf({ expiries }: { expiries?: string | string[] }): number | undefined {
  if (expiries === undefined) return undefined;
  const asked = /^\d{1,5}$/.test(String(expiries)) ? Number(expiries) : 0;
  if (asked >= 1 && asked <= mostAsked) return asked;
  const reason = `is a number from 1 to ${mostAsked}`;
  throw apiError('API_REQUEST_INVALID', { where: 'expiries', reason });
}

/**
 * All by kind of file, and the soonest by GUN: so many at most, so that the number of series does not
 * grow with the store unless somebody wants it to.
 * @param asked  how many, of everything that expires; without it those that should be looked at
 */
async function expiryMetrics(
  { summary, urgent, expiries, clock }: MetricsOptions,
  asked: number | undefined,
): Promise<Metric[]> {
  const at = clock();
  const now = at.getTime();
  const soonest =
    asked === undefined
      ? await urgent(Math.max(...windowsDays), mostByGun, at)
      : await expiries(new Date(now + centuryMs), asked, at);
  const kinds = await summary([0, ...windowsDays].map((days) => new Date(now + days * dayMs)));
  return [
    {
      name: 'countermark_trust_earliest_expiry_timestamp_seconds',
      help: 'When the first current file of this kind, or root certificate, expires.',
      type: 'gauge',
      samples: kinds.flatMap(({ kind, earliest }) =>
        earliest ? [{ labels: { kind }, value: Math.floor(earliest.getTime() / 1_000) }] : [],
      ),
    },
    {
      name: 'countermark_trust_expiring',
      help: 'Current files of this kind, or root certificates, that expire within so many days; 0d: that have expired.',
      type: 'gauge',
      samples: kinds.flatMap(({ kind, before }) =>
        before.map((value, i) => ({
          labels: { kind, within: `${[0, ...windowsDays][i]}d` },
          value,
        })),
      ),
    },
    {
      name: 'countermark_trust_expiry_timestamp_seconds',
      help: 'What expires soonest, who can put it off, and how.',
      type: 'gauge',
      samples: soonest.map(({ gun, kind, role, by, todo, expiresAt }) => ({
        labels: { gun, kind, role, by, todo },
        value: Math.floor(expiresAt.getTime() / 1_000),
      })),
    },
  ];
}
