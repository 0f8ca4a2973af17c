import {
  arrayOf,
  entriesOf,
  optional,
  parseJson,
  stringOf,
  toBase64,
  utf8,
} from '../../base/index.ts';
import { familiarImageReference, parseImageReference } from '../../oci/index.ts';
import {
  type Answer,
  type CredentialSource,
  type HttpRequest,
  HttpsClient,
  type OpenAnswer,
  serverOf,
} from '../remotes/index.ts';
import type { EngineAddress } from './engine-address.ts';
import { engineError } from './errors.ts';
import { pullLines } from './pull-lines.ts';

/** The API of docker 28.2.2; an engine is asked in its own when that is older. */
const newestMinor = 50;
const oldestMinor = 32;
const answerLimitBytes = 4 * 1024 * 1024;
/** An engine that unpacks a large layer says nothing for minutes. */
const silenceMs = 600_000;

/**
 * A docker engine, asked as docker's command line asks it. Images are named as docker prints them.
 * All it throws are StoreErrors: OCI_IMAGE_REFERENCE_INVALID, ENGINE_ANSWER, ENGINE_REFUSED, those of
 * {@link HttpsClient} and, in a pull, of the saved logins.
 *
 * @see docker/docker 28.2.2, api/swagger.yaml
 */
export class Engine implements Disposable {
  readonly #http: HttpsClient;
  readonly #origin: string;
  readonly #credentials: CredentialSource;
  #base: Promise<string> | undefined;

  constructor({ origin, client }: EngineAddress, credentials: CredentialSource) {
    this.#http = new HttpsClient({ silenceMs, ...client });
    this.#origin = origin;
    this.#credentials = credentials;
  }

  async hasImage(name: string): Promise<boolean> {
    const image = familiarImageReference(parseImageReference(name));
    const status = await this.#statusOf('GET', `/images/${image}/json`);
    if (status !== 200 && status !== 404) throw unexpected(status);
    return status === 200;
  }

  /** Gives an image that is there another name. @returns true; all else is thrown */
  async tag(name: string, target: string): Promise<true> {
    const image = familiarImageReference(parseImageReference(name));
    const { tag = '', ...repository } = parseImageReference(target);
    const repo = familiarImageReference({ ...repository, tag: undefined });
    const query = new URLSearchParams({ repo, tag });
    const status = await this.#statusOf('POST', `/images/${image}/tag?${query}`);
    if (status !== 201) throw unexpected(status);
    return true;
  }

  /**
   * The image that the engine has under a name; undefined where it has none. This question asks no other before
   * it: it goes to the engine's newest API, and its answer says which that is.
   */
  async imageUnder(name: string): Promise<LocalImage | undefined> {
    const image = familiarImageReference(parseImageReference(name));
    const url = new URL(`${this.#origin}/images/${image}/json`);
    const answer = await this.#http.send({ method: 'GET', url }, answerLimitBytes);
    this.#base = Promise.resolve(this.#baseAfter(answer));
    const { status, body } = answer;
    if (status === 404) return undefined;
    if (status !== 200) throw unexpected(status);
    const members = entriesOf(parseJson(body), 'image');
    const [os, architecture] = ['Os', 'Architecture'].map((one) => stringOf(members.get(one), one));
    const tags = optional(arrayOf, members.get('RepoTags'), 'RepoTags') ?? [];
    return { platform: `${os}/${architecture}`, tags: new Set(tags.map(String)) };
  }

  /** Has the engine pull an image by its digest. @returns once it has begun */
  async pull(name: string, platform?: string): Promise<BegunPull> {
    const { digest, ...image } = parseImageReference(name);
    if (digest === undefined) throw engineError('ENGINE_ANSWER', { reason: 'no digest' });
    const fromImage = familiarImageReference({ ...image, digest: undefined });
    const query = new URLSearchParams({ fromImage, tag: digest, ...(platform && { platform }) });
    const request = await this.#request('POST', `/images/create?${query}`);
    const headers = { 'x-registry-auth': await this.#loginFor(image.host) };
    const answer = await this.#http.open({ ...request, headers });
    if (answer.status !== 200) {
      answer.discard();
      throw unexpected(answer.status);
    }
    return { lines: linesOf(answer), discard: answer.discard };
  }

  [Symbol.dispose](): void {
    this.#http[Symbol.dispose]();
  }

  async #statusOf(method: 'GET' | 'POST', path: string): Promise<number> {
    const request = await this.#request(method, path);
    return (await this.#http.send(request, answerLimitBytes)).status;
  }

  async #request(method: HttpRequest['method'], path: string): Promise<HttpRequest> {
    this.#base ??= this.#negotiate();
    const body = method === 'POST' ? new Uint8Array() : undefined;
    return { method, url: new URL((await this.#base) + path), body };
  }

  /** Others that speak the API (podman does) are not what docker's words were tried with. */
  async #negotiate(): Promise<string> {
    const url = new URL(`${this.#origin}/_ping`);
    const answer = await this.#http.send({ method: 'HEAD', url }, answerLimitBytes);
    if (answer.status !== 200) throw unexpected(answer.status);
    return this.#baseAfter(answer);
  }

  #baseAfter({ headers }: Answer): string {
    const [, minor] = /^1\.(\d{2})$/.exec(headers.get('api-version') ?? '') ?? [];
    const isDocker = /^Docker\//.test(headers.get('server') ?? '');
    if (!isDocker || !(Number(minor) >= oldestMinor)) {
      throw engineError('ENGINE_ANSWER', { reason: 'it is another engine, or too old' });
    }
    return `${this.#origin}/v1.${Math.min(Number(minor), newestMinor)}`;
  }

  /** In the form of the header `X-Registry-Auth`. */
  async #loginFor(host: string): Promise<string> {
    const login = await this.#credentials(host);
    const said =
      login?.kind === 'password'
        ? { username: login.username, password: login.password.reveal() }
        : login && { identitytoken: login.token.reveal() };
    const json = JSON.stringify(said ? { ...said, serveraddress: serverOf(host) } : {});
    // base64url with padding, which neither Node's nor ours is.
    return toBase64(utf8(json)).replaceAll('+', '-').replaceAll('/', '_');
  }
}

/** An image that an engine has. */
export interface LocalImage {
  /** `linux/amd64`, without a variant. */
  readonly platform: string;
  /** The names it has, as docker prints them: `alpine:3.20`. */
  readonly tags: ReadonlySet<string>;
}

/** A pull that the engine has begun. */
export interface BegunPull {
  /** What docker prints, line by line, as the engine says it; when they end, all is there. */
  readonly lines: AsyncIterable<string>;
  /** Breaks it off. */
  discard(): void;
}

async function* linesOf(answer: OpenAnswer): AsyncGenerator<string> {
  try {
    yield* pullLines(answer.body);
  } catch (error) {
    answer.discard();
    throw error;
  }
}

function unexpected(status: number) {
  return engineError('ENGINE_ANSWER', { reason: `status ${status}` });
}
