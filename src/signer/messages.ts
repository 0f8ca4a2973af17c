import { concatBytes } from '../base/index.ts';
import { bytesOf, field, messageOf, numberField, readFields, textOf } from './wire.ts';

/*
 * The messages of Notary's signer protocol, package `proto`, and of the standard health service.
 * Field numbers are the protocol; `GetKeyInfoResponse.gun` (4) is ours: Notary's programs skip it,
 * and our server learns by it whom a key belongs to.
 *
 * @see notary 0.7.0 proto/signer.proto; grpc health/v1/health.proto
 */

/** How one message is written and read. Reading throws SIGNER_REQUEST for what is not a message. */
export interface Message<T> {
  write(value: T): Uint8Array;
  read(bytes: Uint8Array): T;
}

/** Paths of the calls. */
export const paths = {
  createKey: '/proto.KeyManagement/CreateKey',
  deleteKey: '/proto.KeyManagement/DeleteKey',
  getKeyInfo: '/proto.KeyManagement/GetKeyInfo',
  sign: '/proto.Signer/Sign',
  health: '/grpc.health.v1.Health/Check',
} as const;

/** The service that signs, as servers ask for its health. */
export const signerService = 'grpc.health.v1.Health.Signer';

/** What a server asks the health of; the empty name is the whole signer. */
export const healthServices: readonly string[] = [
  '',
  'grpc.health.v1.Health.KeyManagement',
  signerService,
];

export interface CreateKeyRequest {
  readonly algorithm: string;
  readonly gun: string;
  readonly role: string;
}

export const createKeyRequest: Message<CreateKeyRequest> = {
  write: ({ algorithm, gun, role }) =>
    concatBytes(field(1, algorithm), field(2, gun), field(3, role)),
  read: (bytes) => {
    const fields = readFields(bytes);
    return { algorithm: textOf(fields, 1), gun: textOf(fields, 2), role: textOf(fields, 3) };
  },
};

/** A key's id. */
export const keyIdMessage: Message<string> = {
  write: (keyId) => field(1, keyId),
  read: (bytes) => textOf(readFields(bytes), 1),
};

/** A public key; `role` and `gun` are only in the answer to GetKeyInfo. */
export interface KeyMessage {
  readonly keyId: string;
  readonly algorithm: string;
  readonly publicBytes: Uint8Array;
  readonly role: string;
  readonly gun: string;
}

/** `PublicKey` and `GetKeyInfoResponse`, of which the first is a part. */
export const keyMessage: Message<KeyMessage> = {
  write: ({ keyId, algorithm, publicBytes, role, gun }) =>
    concatBytes(
      field(1, keyInfo(keyId, algorithm)),
      field(2, publicBytes),
      field(3, role),
      field(4, gun),
    ),
  read: (bytes) => {
    const fields = readFields(bytes);
    const info = messageOf(fields, 1);
    return {
      keyId: textOf(messageOf(info, 1), 1),
      algorithm: textOf(messageOf(info, 2), 1),
      publicBytes: bytesOf(fields, 2),
      role: textOf(fields, 3),
      gun: textOf(fields, 4),
    };
  },
};

export interface SignatureRequest {
  readonly keyId: string;
  /** The whole payload, not its hash. */
  readonly content: Uint8Array;
}

export const signatureRequest: Message<SignatureRequest> = {
  write: ({ keyId, content }) =>
    concatBytes(field(1, keyIdMessage.write(keyId)), field(2, content)),
  read: (bytes) => {
    const fields = readFields(bytes);
    return { keyId: textOf(messageOf(fields, 1), 1), content: bytesOf(fields, 2) };
  },
};

export interface SignatureMessage {
  readonly keyId: string;
  readonly keyType: string;
  /** `ecdsa` or `eddsa`. */
  readonly method: string;
  readonly content: Uint8Array;
}

export const signatureMessage: Message<SignatureMessage> = {
  write: ({ keyId, keyType, method, content }) =>
    concatBytes(field(1, keyInfo(keyId, keyType)), field(2, field(1, method)), field(3, content)),
  read: (bytes) => {
    const fields = readFields(bytes);
    const info = messageOf(fields, 1);
    return {
      keyId: textOf(messageOf(info, 1), 1),
      keyType: textOf(messageOf(info, 2), 1),
      method: textOf(messageOf(fields, 2), 1),
      content: bytesOf(fields, 3),
    };
  },
};

export const voidMessage: Message<void> = {
  write: () => new Uint8Array(),
  read: (bytes) => void readFields(bytes),
};

/** Name of the service that is asked for. */
export const healthRequest: Message<string> = keyIdMessage;

const serving = 1;

/** True when it serves. */
export const healthResponse: Message<boolean> = {
  write: (isServing) => numberField(1, isServing ? serving : 2),
  read: (bytes) => readFields(bytes).numbers.get(1) === serving,
};

function keyInfo(keyId: string, algorithm: string): Uint8Array {
  return concatBytes(field(1, keyIdMessage.write(keyId)), field(2, field(1, algorithm)));
}
