import { createPublicKey } from 'node:crypto';
import { folderError, pemBlocksOf, serializePem } from '../../adapters/trust-folder/index.ts';
import { isStoreError, utf8 } from '../../base/index.ts';
import { barePublicKey, type PublicKey, publicKey } from '../../tuf/index.ts';

const file = 'the file';

/**
 * Reads a signer's public key: PEM of an SPKI, as `key generate` writes it, or of a certificate, EC or RSA.
 * @throws StoreError FOLDER_KEY_MALFORMED, FOLDER_KEY_UNSUPPORTED
 */
export function parsePublicKeyFile(bytes: Uint8Array): PublicKey {
  const [block] = pemBlocksOf(bytes, file);
  if (!block) throw folderError('FOLDER_KEY_MALFORMED', { file, reason: 'it holds no PEM block' });
  const pem = serializePem({ ...block, headers: new Map() });
  try {
    const key = createPublicKey(pem);
    const kind = key.asymmetricKeyType;
    if (kind !== 'ec' && kind !== 'rsa') throw unsupported(String(kind));
    if (block.type === 'PUBLIC KEY') return barePublicKey(key);
    if (block.type !== 'CERTIFICATE') throw unsupported(block.type);
    return publicKey(kind === 'rsa' ? 'rsa-x509' : 'ecdsa-x509', utf8(pem));
  } catch (error) {
    if (isStoreError(error)) throw error;
    const reason = 'it is neither a public key nor a certificate';
    throw folderError('FOLDER_KEY_MALFORMED', { file, reason }, error);
  }
}

function unsupported(kind: string) {
  return folderError('FOLDER_KEY_UNSUPPORTED', { file, kind });
}
