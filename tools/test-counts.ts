import type { TestEvent } from 'node:test/reporters';

/** What one `node --test` counted. */
export interface Counts {
  readonly tests: number;
  readonly suites: number;
  readonly passed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly skipped: number;
  readonly todo: number;
}

/** A reporter for `node --test` that writes the final counts, as one line of JSON. */
export default async function* counts(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    // Each file has a summary of its own; the one without a file is of them all.
    if (type === 'test:summary' && data.file === undefined)
      yield `${JSON.stringify(data.counts)}\n`;
  }
}
