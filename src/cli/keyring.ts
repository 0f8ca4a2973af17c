import type { StoredKey } from '../client/index.ts';
import type { KeyId } from '../tuf/index.ts';

/** A private key as it can be seen without its passphrase. */
export interface ListedKey extends StoredKey {
  /** `ecdsa`, `rsa` or `ed25519`; undefined when an encrypted file is all that there is of it. */
  readonly algorithm: string | undefined;
  readonly isEncrypted: boolean;
  /** Its file. */
  readonly location: string;
}

/** What became of one key. */
export interface KeyOutcome {
  readonly id: KeyId;
  readonly role: string;
  readonly gun: string | undefined;
  /** `there`: the folder had it already, and it was left as it was. */
  readonly outcome?: 'kept' | 'there';
  readonly failure?: { readonly code: string; readonly message: string };
}

/** Told after each key. */
export type KeyProgress = (done: number, total: number) => void;

/** The private keys of one person. Whatever changes files does it whole or not at all. */
export interface Keyring {
  /** Every key, sorted by id. */
  list(): Promise<readonly ListedKey[]>;
  /** @throws StoreError FOLDER_KEY_UNKNOWN unless exactly one key's id begins so */
  find(idOrBeginning: string): Promise<ListedKey>;
  /** The keys with these ids, encrypted as they are, as notary exports them: PEM. */
  export(ids: readonly KeyId[]): Promise<string>;
  /** Writes a file (0600) that must not be there. @throws StoreError FOLDER_FILE_EXISTS, FOLDER_UNWRITABLE */
  save(file: string, text: string): Promise<void>;
  /**
   * Takes keys in from a file of one or more.
   * @param file      its path, for messages
   * @param defaults  for keys that do not say it themselves
   * @throws StoreError FOLDER_KEY_MALFORMED, FOLDER_KEY_UNSUPPORTED: nothing was taken in
   */
  import(
    bytes: Uint8Array,
    file: string,
    defaults: { readonly role?: string | undefined; readonly gun?: string | undefined },
    progress: KeyProgress,
  ): Promise<readonly KeyOutcome[]>;
  /** @throws StoreError FOLDER_KEY_PASSPHRASE, PASSPHRASE_NEEDED: the key is as it was */
  changePassphrase(id: KeyId): Promise<void>;
  /** The repositories kept here whose root names this key, and no other of this folder. */
  lastRootOf(id: KeyId): Promise<readonly string[]>;
  remove(id: KeyId): Promise<void>;
  /**
   * Writes all keys to one new file, encrypted as they are, restores that to a place of its own and
   * opens each key there.
   * @param isKeptUntried  keep it although keys did not open; they are told
   * @throws StoreError FOLDER_NO_KEYS, FOLDER_FILE_EXISTS, FOLDER_BACKUP_UNTRIED: nothing was kept
   */
  backup(
    file: string,
    isKeptUntried: boolean,
    progress: KeyProgress,
  ): Promise<readonly KeyOutcome[]>;
  /** @throws StoreError FOLDER_BACKUP_DAMAGED: nothing was restored */
  restore(bytes: Uint8Array, file: string, progress: KeyProgress): Promise<readonly KeyOutcome[]>;
}
