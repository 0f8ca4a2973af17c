import {
  experimental,
  Server,
  type ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import type { Clock } from '../../base/index.ts';
import {
  type Caller,
  createKeyRequest,
  type HeldKey,
  healthRequest,
  healthResponse,
  healthServices,
  type KeyMessage,
  type KeyService,
  keyIdMessage,
  keyMessage,
  type Message,
  paths,
  signatureMessage,
  signatureRequest,
  voidMessage,
} from '../../signer/index.ts';
import { callerOf } from './caller.ts';
import { ChangingTls } from './changing-tls.ts';
import { refusalOf } from './refusal.ts';

/** A snapshot of thousands of delegations has less. */
const longestRequestBytes = 16 * 1024 * 1024;
const drainMs = 5_000;
/** Of a connection that is closed: so long a call under way may take to end. */
const callEndsMs = 5_000;
/** What TUF calls the signatures of a type of key. */
const methods = new Map([
  ['ed25519', 'eddsa'],
  ['rsa', 'rsapss'],
]);

export interface SignerApiOptions {
  readonly service: KeyService;
  readonly listen: { readonly host: string; readonly port: number };
  readonly tls: SignerTls;
  readonly clock: Clock;
  /** Asked whenever somebody asks for its health; throws while it cannot work. */
  readonly requireReady: () => Promise<void>;
  /** Is told each call, its end and its length; never a payload. */
  readonly report: (call: CallReport) => void;
}

/** PEM. Only callers with a certificate of `ca` come in. */
export interface SignerTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface CallReport {
  readonly path: string;
  readonly caller: string;
  readonly durationMs: number;
  /** Absent when the call was answered. */
  readonly error?: unknown;
  /** True for an error that nobody meant to raise. */
  readonly unexpected?: boolean;
}

export interface SignerApi extends AsyncDisposable {
  readonly port: number;
  /**
   * Connections from now on see these, which must belong together. Open ones go on, unless the
   * authority is another: who knows only the one before must not go on for as long as it likes.
   */
  useTls(tls: SignerTls): void;
}

/**
 * Listens for trust servers. Disposing of it lets calls under way end.
 * @throws Error when it cannot listen, or when the TLS material cannot be used
 */
export async function startSignerApi(options: SignerApiOptions): Promise<SignerApi> {
  const { service, clock, listen, tls, requireReady } = options;
  const server = new Server({ 'grpc.max_receive_message_length': longestRequestBytes });
  const add = adder(server, options);
  add(paths.createKey, createKeyRequest, keyMessage, async (caller, request) => {
    // Notary's message has neither role nor GUN here.
    return { ...messageOf(await service.createKey(caller, request, clock())), role: '', gun: '' };
  });
  add(paths.getKeyInfo, keyIdMessage, keyMessage, async (caller, keyId) =>
    messageOf(await service.keyInfo(caller, keyId)),
  );
  add(paths.deleteKey, keyIdMessage, voidMessage, (caller, keyId) =>
    service.deleteKey(caller, keyId, clock()),
  );
  add(paths.sign, signatureRequest, signatureMessage, async (caller, { keyId, content }) => {
    const { held, signature } = await service.sign(caller, keyId, content, clock());
    const { id, keyType } = held.key;
    return { keyId: id, keyType, method: methods.get(keyType) ?? 'ecdsa', content: signature };
  });
  add(paths.health, healthRequest, healthResponse, async (_caller, name) => {
    if (!healthServices.includes(name)) {
      throw Object.assign(new Error('unknown service'), { code: status.NOT_FOUND });
    }
    await requireReady();
    return true;
  });
  const changing = new ChangingTls(tls);
  const credentials = experimental.createCertificateProviderServerCredentials(
    changing,
    changing,
    true,
  );
  const address = addressOf(listen);
  const port = await bind(server, address, credentials);
  let { ca } = tls;
  const useTls = (next: SignerTls) => {
    changing.use(next);
    if (next.ca !== ca) server.drain(address, callEndsMs);
    ca = next.ca;
  };
  return { port, useTls, [Symbol.asyncDispose]: () => drain(server) };
}

type Work<Q, A> = (caller: Caller, request: Q) => Promise<A>;

function adder(server: Server, { service, clock, report }: SignerApiOptions) {
  return <Q, A>(path: string, request: Message<Q>, answer: Message<A>, work: Work<Q, A>): void => {
    const respond = async (call: ServerUnaryCall<Buffer, A>, send: sendUnaryData<A>) => {
      const startedAt = performance.now();
      const ended = (caller: string, rest: Partial<CallReport> = {}) =>
        report({ path, caller, durationMs: Math.round(performance.now() - startedAt), ...rest });
      let name = '';
      try {
        const caller = callerOf(call.getAuthContext().sslPeerCertificate);
        name = caller.commonName;
        service.admit(caller, clock());
        send(null, await work(caller, request.read(call.request)));
        ended(name);
      } catch (error) {
        const refusal = refusalOf(error);
        send({ code: refusal.code, details: refusal.details });
        ended(name, { error, unexpected: refusal.unexpected });
      }
    };
    server.register<Buffer, A>(
      path,
      respond,
      (value) => Buffer.from(answer.write(value)),
      // Read within the call, where a refusal becomes a status.
      (bytes) => bytes,
      'unary',
    );
  };
}

function messageOf({ key, gun, role }: HeldKey): KeyMessage {
  return { keyId: key.id, algorithm: key.keyType, publicBytes: key.bytes, gun, role };
}

function addressOf({ host, port }: SignerApiOptions['listen']): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
}

async function drain(server: Server): Promise<void> {
  const late = setTimeout(() => server.forceShutdown(), drainMs);
  await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  clearTimeout(late);
}
