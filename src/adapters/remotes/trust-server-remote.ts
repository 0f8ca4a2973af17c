import { isStoreError, parseJson } from '../../base/index.ts';
import type { PublishOutcome, TrustRemote } from '../../client/index.ts';
import {
  type Gun,
  limitBytesOf,
  type MetadataFile,
  type PublicKey,
  parsePublicKey,
  type RoleName,
} from '../../tuf/index.ts';
import type { AuthorizedClient } from './authorized-client.ts';
import { parseErrorBody } from './error-body.ts';
import { remoteError } from './errors.ts';
import { printable } from './http-request.ts';
import { multipartOf } from './multipart.ts';
import { refusal } from './refusal.ts';

export interface TrustServerOptions {
  readonly client: AuthorizedClient;
  /** Such as `https://localhost:5443`, what stands before `/v2/`. */
  readonly base: string;
  readonly gun: Gun;
  /** True when this command will publish: then one token serves for reading and writing. */
  readonly forWriting: boolean;
}

const keyLimitBytes = 64 * 1024;
const refusalLimitBytes = 64 * 1024;

/**
 * The trust metadata of one repository on a trust server that speaks Notary's HTTP API: ours, or
 * notary-server. What it returns are bytes as received, verified by nobody yet.
 * @see notary 0.7.0, storage/httpstore.go
 */
export class TrustServerRemote implements TrustRemote {
  readonly #client: AuthorizedClient;
  readonly #base: string;
  readonly #scope: string;

  constructor({ client, base, gun, forWriting }: TrustServerOptions) {
    this.#client = client;
    this.#base = `${base}/v2/${gun}/_trust/tuf/`;
    this.#scope = `repository:${gun}:${forWriting ? 'push,pull' : 'pull'}`;
  }

  root(version?: number): Promise<Uint8Array | undefined> {
    const file = version === undefined ? 'root.json' : `${version}.root.json`;
    return this.#get(file, limitBytesOf('root'));
  }

  timestamp(): Promise<Uint8Array | undefined> {
    return this.#get('timestamp.json', limitBytesOf('timestamp'));
  }

  byHash(role: RoleName, sha256: string, sizeBytes: number): Promise<Uint8Array | undefined> {
    return this.#get(`${role}.${sha256}.json`, Math.min(sizeBytes, limitBytesOf(role)));
  }

  /** The key with which the server will sign this role; it makes one when it has none yet. */
  async serverKey(role: 'snapshot' | 'timestamp'): Promise<PublicKey> {
    return this.#key(role, await this.#get(`${role}.key`, keyLimitBytes));
  }

  /** @throws StoreError REMOTE_STATUS when the server holds no such keys, or you may not ask */
  async rotateServerKey(role: 'snapshot' | 'timestamp'): Promise<PublicKey> {
    const url = new URL(`${this.#base}${role}.key`);
    const answer = await this.#client.send({ method: 'POST', url }, this.#scope, keyLimitBytes);
    if (answer.status !== 200) throw refusal('POST', url, answer);
    return this.#key(role, answer.body);
  }

  #key(role: string, bytes: Uint8Array | undefined): PublicKey {
    const url = `${this.#base}${role}.key`;
    if (bytes === undefined) throw remoteError('REMOTE_ANSWER', { url, reason: 'not found' });
    try {
      return parsePublicKey(parseJson(bytes));
    } catch (error) {
      if (!isStoreError(error)) throw error;
      throw remoteError('REMOTE_ANSWER', { url, reason: error.message }, error);
    }
  }

  /**
   * Uploads the files of one update, all or none.
   * @returns `superseded` when somebody else published first
   * @throws StoreError REMOTE_STATUS with the server's reason when it refuses the update
   */
  async publish(files: readonly MetadataFile[]): Promise<PublishOutcome> {
    const { contentType, body } = multipartOf(
      files.map(({ role, bytes }) => ({ filename: role, bytes })),
    );
    const url = new URL(this.#base);
    const headers = { 'content-type': contentType, 'content-length': String(body.length) };
    const request = { method: 'POST', url, headers, body } as const;
    const answer = await this.#client.send(request, this.#scope, refusalLimitBytes);
    if (answer.status === 200) return 'accepted';
    const { code } = parseErrorBody(answer.body);
    // notary-server on PostgreSQL says UPDATING to some of those who lose a race.
    if (code === 'VERSION' || code === 'UPDATING') return 'superseded';
    throw refusal('POST', url, answer);
  }

  async #get(file: string, limitBytes: number): Promise<Uint8Array | undefined> {
    const url = new URL(this.#base + file);
    // A refusal may be longer than the file would have been; it is read up to its own limit.
    const limit = Math.max(limitBytes, refusalLimitBytes);
    const answer = await this.#client.send({ method: 'GET', url }, this.#scope, limit);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw refusal('GET', url, answer);
    if (answer.body.length <= limitBytes) return answer.body;
    throw remoteError('REMOTE_TOO_LARGE', { url: printable(url), limitBytes });
  }
}
