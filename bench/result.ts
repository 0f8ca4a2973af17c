/** One measured number. */
export interface Result {
  readonly what: string;
  readonly value: string;
  /** There only where there is a target. */
  readonly verdict?: 'PASS' | 'FAIL';
}

/** A number below its bound. */
export function atMost(what: string, value: number, bound: number, unit: string): Result {
  return {
    what: `${what} (target: below ${bound} ${unit})`,
    value: `${value.toFixed(0)} ${unit}`,
    verdict: value < bound ? 'PASS' : 'FAIL',
  };
}

/** @param ms  milliseconds */
export function seconds(what: string, ms: number): Result {
  return { what, value: `${(ms / 1_000).toFixed(2)} s` };
}

/** Lines with the values under each other. */
export function table(results: readonly Result[]): string {
  const width = Math.max(...results.map(({ what }) => what.length));
  return results
    .map(
      ({ what, value, verdict = '' }) => `${what.padEnd(width)}  ${value.padStart(10)}  ${verdict}`,
    )
    .map((line) => line.trimEnd())
    .join('\n');
}
