import { isStoreError, parseJson, StoreError, utf8 } from '../../base/index.ts';
import { cliError } from '../errors.ts';
import type { CliWorld, HttpConnection } from '../ports.ts';
import { signIn } from './sign-in.ts';

const answerLimitBytes = 32 * 1024 * 1024;

/** Asks the API of one store, as whoever is signed in. */
export class StoreClient {
  readonly host: string;
  readonly #world: CliWorld;
  readonly #http: HttpConnection;
  readonly #server: URL;
  #authorization: Promise<string | undefined> | undefined;

  constructor(world: CliWorld, http: HttpConnection, server: URL) {
    this.#world = world;
    this.#http = http;
    this.#server = server;
    this.host = server.host;
  }

  /**
   * @param path   below `/api/v1`, starting with `/`; its variable parts encoded
   * @param query  parameters; undefined ones are left out
   * @returns      the JSON of the answer; its shape is the store's word
   * @throws StoreError with the code the store answered, or CLI_NOT_A_STORE, CLI_NOT_SIGNED_IN, or
   *         what the connection throws
   */
  get<T>(
    path: string,
    query: Record<string, string | readonly string[] | undefined> = {},
  ): Promise<T> {
    return this.#send<T>('GET', path, { query });
  }

  post<T>(path: string, body: object): Promise<T> {
    return this.#send<T>('POST', path, { body });
  }

  put<T>(path: string, body: object): Promise<T> {
    return this.#send<T>('PUT', path, { body });
  }

  async #send<T>(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    {
      query = {},
      body,
    }: { query?: Record<string, string | readonly string[] | undefined>; body?: object },
  ): Promise<T> {
    const url = new URL(`/api/v1${path}`, this.#server);
    for (const [name, value] of Object.entries(query)) {
      for (const one of value === undefined ? [] : [value].flat())
        url.searchParams.append(name, one);
    }
    this.#authorization ??= signIn(this.#world, this.#http, this.#server);
    const authorization = await this.#authorization;
    const headers = {
      accept: 'application/json',
      ...(authorization === undefined ? {} : { authorization }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const request = { method, url, headers, ...(body ? { body: utf8(JSON.stringify(body)) } : {}) };
    const answer = await this.#http.send(request, answerLimitBytes);
    if (answer.status === 204) return undefined as T;
    const isJson = /^application\/(problem\+)?json\b/.test(
      answer.headers.get('content-type') ?? '',
    );
    const json = isJson ? jsonOf(answer.body) : undefined;
    if (answer.status >= 200 && answer.status < 300 && json !== undefined) return json as T;
    throw this.#refusal(answer.status, json, authorization !== undefined);
  }

  #refusal(status: number, json: unknown, isSignedIn: boolean): StoreError {
    if (status === 401 && !isSignedIn) return cliError('CLI_NOT_SIGNED_IN', { host: this.host });
    const { code, detail } = (json ?? {}) as { code?: unknown; detail?: unknown };
    if (typeof code === 'string' && typeof detail === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code)) {
      return new StoreError(code, detail, { status });
    }
    return cliError('CLI_NOT_A_STORE', { server: this.#server.origin, status });
  }
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return parseJson(body);
  } catch (error) {
    if (isStoreError(error)) return undefined;
    throw error;
  }
}
