import type { PassphraseSource } from '../../adapters/passphrase/index.ts';
import {
  type KeyFolder,
  parseKeyFile,
  serializePem,
  unlockForeignKey,
} from '../../adapters/trust-folder/index.ts';
import type { DockerTrustWorld } from '../../cli/index.ts';
import type { KeyStore } from '../../client/index.ts';

type SignerKeys = Pick<DockerTrustWorld, 'signerKey' | 'createSignerKey' | 'loadSignerKey'>;

/**
 * The keys of signers: found, made, and taken in from elsewhere.
 * @param keys         those of the trust folder and of the token, when there is one
 * @param files        the trust folder, which keeps what comes from elsewhere
 * @param passphrases  of what comes from elsewhere
 */
export function signerKeysOf(
  keys: KeyStore,
  files: KeyFolder,
  passphrases: PassphraseSource,
): SignerKeys {
  return {
    async signerKey(name) {
      const own = (await keys.keys()).find(({ role }) => role === name);
      return (await (own ? keys.signer(own.id) : keys.create(name))).key;
    },
    async createSignerKey(name) {
      const { key } = await keys.create(name);
      const headers = new Map([['role', name]]);
      return { id: key.id, pem: serializePem({ type: 'PUBLIC KEY', headers, bytes: key.bytes }) };
    },
    async loadSignerKey(name, bytes, file) {
      const key = await unlockForeignKey(name, parseKeyFile(bytes, file), file, passphrases);
      return await files.keep(key, name);
    },
  };
}
