import { cliError } from '../errors.ts';

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/**
 * Milliseconds of a text such as `500ms`, `60s`, `5m` or `1h`; a bare number is seconds.
 * @throws StoreError CLI_USAGE
 */
export function parseDurationMs(text: string): number {
  const [, number, unit = 's'] = /^(\d{1,6})(ms|s|m|h)?$/.exec(text) ?? [];
  if (number === undefined) {
    const reason = `"${text}" is not a time; write 500ms, 60s, 5m or 1h`;
    throw cliError('CLI_USAGE', { reason });
  }
  return Number(number) * units[unit as keyof typeof units];
}
