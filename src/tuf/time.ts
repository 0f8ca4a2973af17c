/**
 * Instants as Go writes them, since a file must read the same after a Go program wrote it again:
 * RFC 3339, up to nine digits of a second with trailing zeros trimmed, `Z` or a numeric offset.
 */

const rfc3339 =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:(Z)|([+-])(\d\d):(\d\d))$/;

/** The instant, cut to whole milliseconds; undefined when the text is not RFC 3339 with a real date. */
export function parseTime(text: string): Date | undefined {
  const match = rfc3339.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', , sign, offHour, offMinute] =
    match;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  if (Number(offHour ?? 0) > 23 || Number(offMinute ?? 0) > 59) return undefined;
  const millis = fraction.slice(0, 3).padEnd(3, '0');
  const at = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.${millis}Z`);
  if (Number.isNaN(at.getTime()) || at.getUTCDate() !== Number(day)) return undefined;
  const offsetMinutes = sign ? Number(`${sign}1`) * (Number(offHour) * 60 + Number(offMinute)) : 0;
  return new Date(at.getTime() - offsetMinutes * 60_000);
}

/**
 * As Go formats it: `2026-11-20T21:40:23.12Z`, never `.120Z`.
 * @param at  years 0 to 9999
 */
export function formatTime(at: Date): string {
  return at.toISOString().replace(/\.?0*Z$/, 'Z');
}

/** What Go writes after it read this text; undefined when it cannot read it. */
export function goTime(text: string): string | undefined {
  const match = rfc3339.exec(text);
  if (!match || !parseTime(text)) return undefined;
  const fraction = (match[7] ?? '').slice(0, 9).replace(/0+$/, '');
  const zone = match[8] ?? `${match[9]}${match[10]}:${match[11]}`;
  const end = zone.endsWith('00:00') ? 'Z' : zone;
  return text.slice(0, 19) + (fraction ? `.${fraction}` : '') + end;
}
