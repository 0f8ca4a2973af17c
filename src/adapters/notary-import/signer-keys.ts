import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { isStoreError, Secret } from '../../base/index.ts';
import type { ServerRole, SourceKey } from '../../trust/index.ts';
import { barePublicKey, type Gun, type KeyType, publicKey } from '../../tuf/index.ts';
import type { MovingKey } from '../signer-keys/index.ts';
import { notaryImportError } from './errors.ts';
import { NotAJwe, openJwe } from './jwe.ts';
import type { SignerRow, SignerRows } from './rows.ts';

/** Environment, where notary-signer too has its passphrases. */
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Opens the snapshot and timestamp keys of one GUN. A row that names another GUN is not its;
 * one that names none (of signers before 0.4) may be, and is its if the root names it.
 *
 * @throws StoreError NOTARY_PASSPHRASE_NEEDED, NOTARY_PASSPHRASE_WRONG, NOTARY_KEY_MALFORMED
 */
export async function openSignerKeys(
  rows: Pick<SignerRows, 'keys'>,
  gun: Gun,
  named: ReadonlyMap<string, ServerRole>,
  env: Environment,
): Promise<SourceKey[]> {
  const keys: SourceKey[] = [];
  for (const row of await rows.keys(gun)) {
    const role = row.gun === '' ? named.get(row.keyId) : roleOf(row.role);
    // Keys of earlier roots, used and replaced, stay where they are: nothing needs them.
    if (!role || (!row.pending && named.get(row.keyId) !== role)) continue;
    const isNamed = named.get(row.keyId) === role;
    keys.push({ role, pending: row.pending && !isNamed, ...(await openRow(row, gun, env)) });
  }
  return keys;
}

/**
 * Opens every key of a signer's database, to be moved into another signer.
 * @throws StoreError NOTARY_PASSPHRASE_NEEDED, NOTARY_PASSPHRASE_WRONG, NOTARY_KEY_MALFORMED,
 *         NOTARY_KEY_NAMELESS
 */
export async function* openEverySignerKey(
  rows: Pick<SignerRows, 'everyKey'>,
  env: Environment,
): AsyncGenerator<MovingKey> {
  for await (const row of rows.everyKey()) {
    const { gun, role, pending, keyId } = row;
    if (gun === '' || role === '') throw notaryImportError('NOTARY_KEY_NAMELESS', { keyId });
    const { key, privateKey } = await openRow(row, gun, env);
    const der = Buffer.from(privateKey.reveal());
    const opened = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    der.fill(0);
    yield { gun, role, key, pending, privateKey: opened };
  }
}

function roleOf(text: string): ServerRole | undefined {
  return text === 'snapshot' || text === 'timestamp' ? text : undefined;
}

/** The variable that holds the passphrase of an alias. @see notary 0.7.0 cmd/notary-signer/config.go */
function variableOf(alias: string): string {
  return `NOTARY_SIGNER_${alias.toUpperCase()}`;
}

async function openRow(row: SignerRow, gun: string, env: Environment) {
  const { alias, keyId } = row;
  const variable = variableOf(alias);
  const passphrase = env[variable];
  if (passphrase === undefined || passphrase === '') {
    throw notaryImportError('NOTARY_PASSPHRASE_NEEDED', { keyId, gun, alias, variable });
  }
  try {
    const plain = await openJwe(
      Buffer.from(row.encrypted).toString('latin1'),
      new Secret(passphrase),
    );
    if (!plain) throw notaryImportError('NOTARY_PASSPHRASE_WRONG', { keyId, gun, alias, variable });
    const privateKey = privateKeyOf(row.algorithm, Buffer.from(plain));
    const key = publicKey(row.algorithm as KeyType, row.publicBytes);
    if (key.id !== keyId) throw new NotAJwe('its id is not that of its public half');
    if (barePublicKey(createPublicKey(privateKey)).id !== keyId)
      throw new NotAJwe('its halves do not belong together');
    const der = privateKey.export({ type: 'pkcs8', format: 'der' });
    return { key, privateKey: new Secret<Uint8Array>(der) };
  } catch (error) {
    if (isStoreError(error) && error.code.startsWith('NOTARY_')) throw error;
    // The words of the crypto library could hold parts of what it read.
    const reason = error instanceof NotAJwe ? error.message : `it is no ${row.algorithm} key`;
    throw notaryImportError('NOTARY_KEY_MALFORMED', { keyId, gun, reason });
  }
}

/** @see notary-signer's form of each type: SEC1, PKCS #1, and Go's 64 bytes behind the public 32 */
function privateKeyOf(algorithm: string, plain: Buffer): KeyObject {
  switch (algorithm) {
    case 'ecdsa':
      return createPrivateKey({ key: plain, format: 'der', type: 'sec1' });
    case 'rsa':
      return createPrivateKey({ key: plain, format: 'der', type: 'pkcs1' });
    case 'ed25519': {
      if (plain.length !== 96) throw new NotAJwe('an ed25519 key has 96 bytes');
      const d = plain.subarray(32, 64).toString('base64url');
      const x = plain.subarray(0, 32).toString('base64url');
      return createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x }, format: 'jwk' });
    }
    default:
      throw new NotAJwe('its type is not ecdsa, rsa or ed25519');
  }
}
