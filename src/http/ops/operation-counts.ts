import type { Answered, Meter } from '../notary-api/index.ts';
import type { Metric } from './prometheus.ts';

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE']);

interface Totals {
  count: number;
  micros: number;
  bytesIn: number;
  bytesOut: number;
}

/**
 * Counts the requests of the trust server since the start, by operation, method and status: a few
 * dozen numbers at most, whatever is asked. Under Notary's names, so that its dashboards go on.
 */
export class OperationCounts {
  readonly #requests = new Map<
    string,
    { readonly labels: Record<string, string>; value: number }
  >();
  readonly #totals = new Map<string, Totals>();

  readonly meter: Meter = ({ operation, method, status, ms, bytesIn, bytesOut }: Answered) => {
    const code = String(status);
    const known = methods.has(method) ? method.toLowerCase() : 'other';
    const key = `${operation} ${known} ${code}`;
    const request = this.#requests.get(key) ?? {
      labels: { operation, method: known, code },
      value: 0,
    };
    request.value++;
    this.#requests.set(key, request);
    const totals = this.#totals.get(operation) ?? { count: 0, micros: 0, bytesIn: 0, bytesOut: 0 };
    totals.count++;
    totals.micros += ms * 1_000;
    totals.bytesIn += bytesIn;
    totals.bytesOut += bytesOut;
    this.#totals.set(operation, totals);
  };

  /** @see notary 0.7.0 utils/http.go, prometheus.InstrumentHandler */
  metrics(): Metric[] {
    const name = 'notary_server_http';
    const requests: Metric = {
      name: `${name}_requests_total`,
      help: 'Requests of the trust server that were answered.',
      type: 'counter',
      samples: [...this.#requests.values()],
    };
    return [
      requests,
      this.#summary(
        `${name}_request_duration_microseconds`,
        'Time until the answer had been handed to the network.',
        ({ micros }) => Math.round(micros),
      ),
      this.#summary(`${name}_request_size_bytes`, 'Bodies received.', ({ bytesIn }) => bytesIn),
      this.#summary(`${name}_response_size_bytes`, 'Bodies sent.', ({ bytesOut }) => bytesOut),
    ];
  }

  #summary(name: string, help: string, sumOf: (totals: Totals) => number): Metric {
    const samples = [...this.#totals].flatMap(([operation, totals]) => [
      { suffix: '_sum', labels: { operation }, value: sumOf(totals) },
      { suffix: '_count', labels: { operation }, value: totals.count },
    ]);
    return { name, help, type: 'summary', samples };
  }
}
