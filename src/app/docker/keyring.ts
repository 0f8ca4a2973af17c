import {
  type Environment,
  firstOf,
  newPassphraseFrom,
  type PassphraseSource,
  processTerminal,
  terminalPassphrases,
} from '../../adapters/passphrase/index.ts';
import type { RootToken } from '../../adapters/root-token/index.ts';
import {
  backUpKeys,
  changePassphrase,
  type FoundKey,
  findKey,
  findKeys,
  folderError,
  importKey,
  keptRepositories,
  parseKeyBundle,
  removeFile,
  restoreKeys,
  serializeKeyBundle,
  writeNewFile,
} from '../../adapters/trust-folder/index.ts';
import { isStoreError, utf8 } from '../../base/index.ts';
import type { KeyOutcome, Keyring, ListedKey } from '../../cli/index.ts';
import type { KeyId, PublicKey } from '../../tuf/index.ts';
import { standardOutput } from '../output.ts';

/**
 * The keys of a trust folder.
 * @param trust        such as `~/.docker/trust`
 * @param passphrases  of the keys that are there
 * @param token        where root keys lie, when there is one
 */
export function openKeyring(
  trust: string,
  env: Environment,
  passphrases: PassphraseSource,
  token?: RootToken,
): Keyring {
  async function list(): Promise<ListedKey[]> {
    const [keys, kept] = [await findKeys(trust), await keptRepositories(trust)];
    const known = new Map(kept.flatMap(({ algorithms }) => [...algorithms]));
    const roots = token ? (await token.keys()).map((key) => onToken(key, token)) : [];
    return [...roots, ...keys.map((key) => listed(key, known.get(key.id)))];
  }
  /** What is done with the file of a key cannot be done with one that has none. */
  async function requireFile(id: KeyId): Promise<void> {
    const roots = (await token?.keys()) ?? [];
    if (!token || !roots.some((key) => key.id === id)) return;
    throw folderError('FOLDER_KEY_ON_TOKEN', { keyId: id, place: token.place });
  }
  return {
    list,
    async find(text) {
      const [found, second] = (await list()).filter(({ id }) => id.startsWith(text));
      if (found && !second && text.length >= 4) return found;
      throw folderError('FOLDER_KEY_UNKNOWN', { text: text.slice(0, 64) });
    },
    async export(ids) {
      for (const id of ids) await requireFile(id);
      return serializeKeyBundle((await findKeys(trust)).filter(({ id }) => ids.includes(id)));
    },
    save: (file, text) => writeNewFile(file, utf8(text)),
    async import(bytes, path, defaults, progress) {
      const keys = parseKeyBundle(bytes, path);
      const done: KeyOutcome[] = [];
      for (const key of keys) {
        const { id, role = defaults.role ?? 'delegation', gun = defaults.gun } = key;
        done.push(
          await importKey(key, { trust, passphrases, path, ...defaults }).catch((error: unknown) =>
            failureOf({ id: id ?? ('' as KeyId), role, gun }, error),
          ),
        );
        progress(done.length, keys.length);
      }
      return done;
    },
    async changePassphrase(id) {
      await requireFile(id);
      // Another terminal source: the one above remembers the present passphrase.
      const terminal = terminalPassphrases(processTerminal(() => process.stdin, standardOutput));
      await changePassphrase(trust, id, passphrases, firstOf(newPassphraseFrom(env), terminal));
    },
    async lastRootOf(id) {
      const held = (await list()).filter((key) => key.id !== id);
      const kept = await keptRepositories(trust);
      return kept
        .filter(({ rootKeyIds }) => rootKeyIds.has(id))
        .filter(({ rootKeyIds }) => !held.some((key) => rootKeyIds.has(key.id)))
        .map(({ gun }) => gun);
    },
    async remove(id) {
      await requireFile(id);
      await removeFile((await findKey(trust, id)).path);
    },
    backup: (to, isKeptUntried, progress) =>
      backUpKeys({ trust, passphrases, to, isKeptUntried, progress }),
    restore: (bytes, file, progress) => restoreKeys(trust, bytes, file, progress),
  };
}

function onToken({ id }: PublicKey, { place }: RootToken): ListedKey {
  const kind = { algorithm: 'ecdsa', isEncrypted: true };
  return { id, role: 'root', gun: undefined, ...kind, location: place };
}

function listed({ id, role, gun, file, path }: FoundKey, known: string | undefined): ListedKey {
  const algorithm = known ?? algorithmByType[file.block.type];
  return { id, role, gun, algorithm, isEncrypted: file.isEncrypted, location: path };
}

/** The old forms of key files say it in their first line. */
const algorithmByType: Readonly<Record<string, string>> = {
  'EC PRIVATE KEY': 'ecdsa',
  'RSA PRIVATE KEY': 'rsa',
};

/** One key that cannot be taken in does not keep the others out; a person who ends it does. */
function failureOf(key: Pick<KeyOutcome, 'id' | 'role' | 'gun'>, error: unknown): KeyOutcome {
  if (!isStoreError(error) || error.code === 'PASSPHRASE_CANCELLED') throw error;
  return { ...key, failure: { code: error.code, message: error.message } };
}
