import { parseErrorBody } from './error-body.ts';
import { remoteError } from './errors.ts';
import { type Answer, type OpenAnswer, printable } from './http-request.ts';

/** The error of an answer that nobody asked for, with the server's own reason, and when it may be asked again. */
export function refusal(method: string, url: URL, answer: Answer | OpenAnswer) {
  const body = answer.body instanceof Uint8Array ? answer.body : new Uint8Array();
  return remoteError('REMOTE_STATUS', {
    ...{ method, url: printable(url), ...statusOf(answer) },
    explanation: parseErrorBody(body).explanation || '(no reason given)',
  });
}

/** What the detail of an error says of an answer: its status, and what {@link retryAfterOf} reads. */
export function statusOf({ status, headers }: Pick<Answer, 'status' | 'headers'>) {
  const retryAfterSeconds = retryAfterOf(headers);
  return { status, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
}

/**
 * How long a server wants to be let alone, by its `Retry-After`: a number of seconds, or a date, which is compared
 * with the server's own `Date`, so that no clock but its own counts.
 *
 * @param headers  lowercase names
 * @returns whole seconds, at least 1; undefined where it does not say, or nothing that can be read
 * @see RFC 9110, "Retry-After"
 */
export function retryAfterOf(headers: ReadonlyMap<string, string>): number | undefined {
  const value = headers.get('retry-after')?.trim() ?? '';
  const seconds = /^\d{1,9}$/.test(value)
    ? Number(value)
    : (Date.parse(value) - Date.parse(headers.get('date') ?? '')) / 1000;
  return Number.isFinite(seconds) ? Math.max(1, Math.ceil(seconds)) : undefined;
}
