/** What a 401 asks for. Values are ours or were checked; see {@link bearerChallenge}. */
export interface Challenge {
  /** HOST[:PORT] of the token endpoint. */
  readonly origin: string;
  readonly service: string;
  readonly scope?: string | undefined;
  readonly error?: 'invalid_token' | 'insufficient_scope' | undefined;
  /** A sentence; docker prints it after "denied: " or "unauthorized: ". */
  readonly description?: string | undefined;
}

/**
 * The WWW-Authenticate value that sends a client to the token endpoint. A scope whose name a header cannot
 * hold is left out, since what is left of it could be another's; clients know what they asked for.
 * @see distribution 3.0, "Token authentication specification", "Requesting a token"; RFC 6750 section 3
 */
export function bearerChallenge(challenge: Challenge): string {
  const parameters = [
    ['realm', `https://${challenge.origin}/token`],
    ['service', challenge.service],
    ['scope', isQuotable(challenge.scope) ? challenge.scope : undefined],
    ['error', challenge.error],
    ['error_description', challenge.description],
  ] as const;
  const written = parameters.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}="${quotable(value)}"`],
  );
  return `Bearer ${written.join(',')}`;
}

/** The WWW-Authenticate value of our own API and of the token endpoint. */
export const basicChallenge = 'Basic realm="countermark", charset="UTF-8"';

/** Only what a quoted-string of a header may hold unescaped (RFC 9110 section 5.6.4). */
function quotable(text: string): string {
  return text.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?');
}

function isQuotable(text: string | undefined): boolean {
  return text !== undefined && quotable(text) === text;
}
