import { isStoreError, parseJson, toBase64, utf8 } from '../../base/index.ts';
import { cliError } from '../errors.ts';
import type { CliWorld, HttpConnection, SavedLogin } from '../ports.ts';

const tokenLimitBytes = 64 * 1024;

/**
 * How this command signs in: with COUNTERMARK_USER and COUNTERMARK_PASSWORD, else with what docker
 * login saved for the host, else not at all.
 *
 * @returns the value of the Authorization header
 * @throws StoreError CLI_LOGIN_INCOMPLETE, CLI_NOT_SIGNED_IN when the saved login no longer counts
 */
export async function signIn(
  world: Pick<CliWorld, 'credentialsFor' | 'env'>,
  http: HttpConnection,
  server: URL,
): Promise<string | undefined> {
  const { COUNTERMARK_USER: user, COUNTERMARK_PASSWORD: password } = world.env;
  if (user && password) return basic(user, password);
  if (user || password) {
    const missing = user ? 'COUNTERMARK_PASSWORD' : 'COUNTERMARK_USER';
    throw cliError('CLI_LOGIN_INCOMPLETE', { missing });
  }
  const saved = await savedLogin(world, server);
  if (saved?.kind !== 'identity-token') {
    return saved && basic(saved.username, saved.password.reveal());
  }
  return await fetchToken(http, server, saved.token.reveal());
}

/** Docker keeps the port that was typed; a URL leaves out that of https. */
async function savedLogin(
  world: Pick<CliWorld, 'credentialsFor' | 'env'>,
  server: URL,
): Promise<SavedLogin | undefined> {
  const saved = await world.credentialsFor(server.host);
  if (saved || server.port !== '') return saved;
  return await world.credentialsFor(`${server.hostname}:443`);
}

/** An identity token is changed for one that our API takes. */
async function fetchToken(http: HttpConnection, server: URL, token: string): Promise<string> {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: 'countermark',
    scope: 'countermark:api:*',
    refresh_token: token,
  });
  const answer = await http.send(
    {
      method: 'POST',
      url: new URL('/token', server),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: utf8(form.toString()),
    },
    tokenLimitBytes,
  );
  const access = answer.status === 200 ? accessTokenOf(answer.body) : undefined;
  if (access === undefined) throw cliError('CLI_NOT_SIGNED_IN', { host: server.host });
  return `Bearer ${access}`;
}

function accessTokenOf(body: Uint8Array): string | undefined {
  try {
    const json = parseJson(body);
    const token = (json as { access_token?: unknown } | null)?.access_token;
    return typeof token === 'string' && /^[\x21-\x7e]+$/.test(token) ? token : undefined;
  } catch (error) {
    if (isStoreError(error)) return undefined;
    throw error;
  }
}

function basic(user: string, password: string): string {
  return `Basic ${toBase64(utf8(`${user}:${password}`))}`;
}
