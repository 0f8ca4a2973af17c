import type { KeyObject } from 'node:crypto';
import { digestOf, hexOf, type Secret, utf8 } from '../../base/index.ts';
import {
  type PassphraseSource,
  passphraseError,
  passphraseVariables,
} from '../passphrase/index.ts';
import { folderError } from './errors.ts';
import type { FoundKey } from './find-keys.ts';
import { type KeyFile, openKeyFile, signerOf } from './key-file.ts';
import { serializePem } from './pem.ts';

const attemptLimit = 20;

/**
 * Opens a key of a trust folder with its passphrase.
 * @throws StoreError FOLDER_KEY_PASSPHRASE, FOLDER_KEY_MISNAMED when the file holds another key than
 *         its name says, FOLDER_KEY_MALFORMED, FOLDER_KEY_UNSUPPORTED, PASSPHRASE_NEEDED
 */
export async function unlockKey(
  { id, role, file, path }: Pick<FoundKey, 'id' | 'role' | 'file' | 'path'>,
  passphrases: PassphraseSource,
): Promise<KeyObject> {
  const key = await unlock({ id, role, file, path }, passphrases);
  const real = signerOf(key, path).key.id;
  if (real !== id) throw folderError('FOLDER_KEY_MISNAMED', { file: path, keyId: real });
  return key;
}

/**
 * Opens a key that came from elsewhere: its id is not known before, so its passphrase is asked for
 * as that of a key of this role.
 * @throws StoreError as {@link unlockKey}
 */
export async function unlockForeignKey(
  role: string,
  file: KeyFile,
  path: string,
  passphrases: PassphraseSource,
): Promise<KeyObject> {
  const id = hexOf(digestOf(utf8(serializePem(file.block))));
  return await unlock({ id, role, file, path }, passphrases);
}

/**
 * The passphrase of a key that is about to be written.
 * @param variables  where the source looks for it; default those of the role
 * @throws StoreError PASSPHRASE_NEEDED
 */
export async function newPassphrase(
  { id, role }: { readonly id: string; readonly role: string },
  passphrases: PassphraseSource,
  variables?: readonly string[],
): Promise<Secret> {
  const passphrase = await passphrases({ keyId: id, role, creating: true, attempt: 0 });
  if (passphrase === undefined) throw needed(id, role, variables);
  return passphrase;
}

async function unlock(
  key: { id: string; role: string; file: KeyFile; path: string },
  passphrases: PassphraseSource,
): Promise<KeyObject> {
  const { id, role, file, path } = key;
  if (!file.isEncrypted) return openKeyFile(file, '', path) as KeyObject;
  for (let attempt = 0; attempt < attemptLimit; attempt++) {
    const passphrase = await passphrases({ keyId: id, role, creating: false, attempt });
    if (passphrase === undefined) {
      if (attempt === 0) throw needed(id, role);
      break;
    }
    const opened = openKeyFile(file, passphrase.reveal(), path);
    if (opened) return opened;
  }
  throw folderError('FOLDER_KEY_PASSPHRASE', { role, keyId: id });
}

function needed(keyId: string, role: string, names: readonly string[] = passphraseVariables(role)) {
  return passphraseError('PASSPHRASE_NEEDED', { keyId, role, variables: names.join(' or ') });
}
