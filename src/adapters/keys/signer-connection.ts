import { type ChannelOptions, Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import type { Secret } from '../../base/index.ts';
import {
  createKeyRequest,
  healthRequest,
  healthResponse,
  type KeyMessage,
  keyIdMessage,
  keyMessage,
  type Message,
  paths,
  type SignatureMessage,
  signatureMessage,
  signatureRequest,
} from '../../signer/index.ts';
import { trustError } from '../../trust/index.ts';

/** Where the signer is, and how the two know each other. */
export interface SignerAddress extends CallerCertificate {
  /** HOST:PORT; the host must stand in the signer's certificate. */
  readonly address: string;
  /** Longest that one call may take, a reconnection included; 5 seconds unless told. */
  readonly timeoutMs?: number;
}

/** PEM. */
export interface CallerCertificate {
  /** Whose certificate the signer must have. */
  readonly ca: string;
  readonly certificate: string;
  readonly privateKey: Secret;
}

const usualTimeoutMs = 5_000;
/** So long nobody waits for a signer that has just let a call run out of time. */
const silenceMs = 2_000;
/** gRPC waits up to two minutes between attempts; a publisher should not have to. */
const channel: ChannelOptions = {
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 2_000,
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 10_000,
};

/**
 * The calls of Notary's signer protocol to one signer, ours or Debian's. The connection is made at
 * the first call and again whenever it is lost.
 *
 * @see notary 0.7.0 trustmanager/remoteks, tuf/signed, signer/client/signer_trust.go
 */
export class SignerConnection implements Disposable {
  readonly #address: string;
  readonly #timeoutMs: number;
  #client: Client;
  /** Of certificates before; each closes when its last call must have ended. */
  readonly #ending = new Map<Client, NodeJS.Timeout>();
  /** Milliseconds of `performance`. */
  #silentUntil = 0;

  constructor({ address, timeoutMs, ...certificate }: SignerAddress) {
    this.#address = address;
    this.#timeoutMs = timeoutMs ?? usualTimeoutMs;
    this.#client = clientOf(address, certificate);
  }

  /** Calls from now on are made with this certificate; those under way end as they began. */
  useCertificate(certificate: CallerCertificate): void {
    const before = this.#client;
    this.#client = clientOf(this.#address, certificate);
    const end = () => {
      this.#ending.delete(before);
      before.close();
    };
    this.#ending.set(before, setTimeout(end, 2 * this.#timeoutMs).unref());
  }

  /** The unused ECDSA key of this GUN and role. @throws StoreError TRUST_SIGNER_UNAVAILABLE */
  createKey(gun: string, role: string): Promise<KeyMessage> {
    const request = { algorithm: 'ecdsa', gun, role };
    return this.#call(paths.createKey, createKeyRequest, keyMessage, request);
  }

  /** Undefined when the signer does not have it. @throws StoreError TRUST_SIGNER_UNAVAILABLE */
  async keyInfo(keyId: string): Promise<KeyMessage | undefined> {
    try {
      return await this.#call(paths.getKeyInfo, keyIdMessage, keyMessage, keyId);
    } catch (error) {
      if (isAbsent((error as Error).cause)) return undefined;
      throw error;
    }
  }

  /** @throws StoreError TRUST_SIGNER_UNAVAILABLE */
  sign(keyId: string, content: Uint8Array): Promise<SignatureMessage> {
    return this.#call(paths.sign, signatureRequest, signatureMessage, { keyId, content });
  }

  /** @param service  of the standard health service. @throws StoreError TRUST_SIGNER_UNAVAILABLE */
  isServing(service: string): Promise<boolean> {
    return this.#call(paths.health, healthRequest, healthResponse, service);
  }

  [Symbol.dispose](): void {
    for (const [client, timer] of this.#ending) {
      clearTimeout(timer);
      client.close();
    }
    this.#ending.clear();
    this.#client.close();
  }

  /**
   * One that does not answer in time is left alone for a moment: readers of a repository queue up
   * behind each other while one of them waits.
   */
  #call<Q, A>(path: string, request: Message<Q>, answer: Message<A>, value: Q): Promise<A> {
    if (performance.now() < this.#silentUntil) return Promise.reject(away('DEADLINE_EXCEEDED'));
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest<Q, Uint8Array>(
        path,
        (question) => Buffer.from(request.write(question)),
        (bytes) => bytes,
        value,
        { deadline: Date.now() + this.#timeoutMs },
        (error, bytes) => {
          const isSilent = error?.code === status.DEADLINE_EXCEEDED;
          this.#silentUntil = isSilent ? performance.now() + silenceMs : 0;
          if (error) return reject(unavailable(error));
          try {
            resolve(answer.read(bytes ?? new Uint8Array()));
          } catch (cause) {
            reject(trustError('TRUST_SIGNER_UNAVAILABLE', { reason: 'BAD_ANSWER' }, cause));
          }
        },
      );
    });
  }
}

function clientOf(address: string, { ca, certificate, privateKey }: CallerCertificate): Client {
  const [root, key, chain] = [ca, privateKey.reveal(), certificate].map((pem) => Buffer.from(pem));
  return new Client(address, credentials.createSsl(root, key, chain), channel);
}

/** What the other side said may be anything; the name of the status is enough to look further. */
function unavailable(cause: ServiceError) {
  const reason = status[cause.code] ?? 'UNKNOWN';
  if (reason === 'UNAVAILABLE' || reason === 'DEADLINE_EXCEEDED') return away(reason, cause);
  return trustError('TRUST_SIGNER_UNAVAILABLE', { reason }, cause);
}

function away(reason: string, cause?: ServiceError) {
  return trustError('TRUST_SIGNER_UNAVAILABLE', { reason, away: true }, cause);
}

/** Debian's signer gives NotFound for GetKeyInfo, wrapped or not. */
function isAbsent(cause: unknown): boolean {
  const { code, details } = (cause ?? {}) as Partial<ServiceError>;
  return code === status.NOT_FOUND || (code === status.UNKNOWN && /not found/.test(details ?? ''));
}
