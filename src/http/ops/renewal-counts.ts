import type { Metric } from './prometheus.ts';

const results = ['renewed', 'refused', 'failed'] as const;
export type RenewalResult = (typeof results)[number];

/** How the server's own renewals of snapshots and timestamps ended since the start. */
export class RenewalCounts {
  readonly #counts = new Map<RenewalResult, number>();

  count(result: RenewalResult): void {
    this.#counts.set(result, (this.#counts.get(result) ?? 0) + 1);
  }

  /** None is told as 0, so that the first failure is a rise. */
  metrics(): Metric[] {
    return [
      {
        name: 'countermark_trust_renewals_total',
        help: 'Renewals of snapshots and timestamps by the store itself; failed: tried again soon, refused: others must act.',
        type: 'counter',
        samples: results.map((result) => ({
          labels: { result },
          value: this.#counts.get(result) ?? 0,
        })),
      },
    ];
  }
}
