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

/** A number beside the peer's; with a factor, it must be at least so many times the peer's. */
export function atLeastTimes(
  what: string,
  value: number | undefined,
  peer: number | undefined,
  factor?: number,
): Result {
  return compared(what, value, peer, factor, (ratio) => ratio >= (factor ?? 0), 'at least');
}

/** The other way round: at most so many times the peer's. */
export function atMostTimes(what: string, value: number, peer: number, factor: number): Result {
  return compared(what, value, peer, factor, (ratio) => ratio <= factor, 'at most');
}

function compared(
  what: string,
  value = Number.NaN,
  peer = Number.NaN,
  factor: number | undefined,
  holds: (ratio: number) => boolean,
  words: string,
): Result {
  const ratio = value / peer;
  const target = factor === undefined ? '' : ` (target: ${words} ${Number(factor.toFixed(2))}x)`;
  return {
    what: `${what}${target}`,
    value: `${short(value)} : ${short(peer)} = ${ratio.toFixed(2)}x`,
    ...(factor === undefined ? {} : { verdict: holds(ratio) ? 'PASS' : 'FAIL' }),
  };
}

function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
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
