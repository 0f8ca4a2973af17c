import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openRoleKeys } from '../../adapters/keys/index.ts';
import {
  LiveDatabase,
  openEverySignerKey,
  RowShelf,
  readSignerDump,
} from '../../adapters/notary-import/index.ts';
import {
  KeyRows,
  type MovingKey,
  openedKeys,
  openSignerDatabase,
  type Passphrases,
  requireKeys,
  takeKeys,
} from '../../adapters/signer-keys/index.ts';
import { removeRoleKeys, roleKeyRows } from '../../adapters/sql/role-key-rows.ts';
import type { Clock } from '../../base/index.ts';
import type { MovedKeys, MoveQuestion } from '../../cli/index.ts';
import { parseDatabase } from '../config.ts';
import { appError } from '../errors.ts';
import { databaseFile, openSigner } from '../signer/signer.ts';
import { DataFolder } from '../state/data-folder.ts';
import { openStoreDatabase } from '../state/open-store-database.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Keys as somebody else holds them, each time from the first. */
interface KeySource {
  keys(): AsyncIterable<MovingKey>;
  /** Only a store lets go of them: what a Notary has is its operator's. */
  readonly remove?: (keyIds: readonly string[]) => Promise<number>;
}

/**
 * Moves the keys of a store that held them itself, of notary-signer's database or of another signer's
 * folder into a signer's, all or none. @see adapters/signer-keys/take-keys.ts
 * @param told  is called with how many keys were looked at, after each
 * @throws StoreError what source and signer throw; then nothing was changed
 */
export async function moveKeys(
  question: MoveQuestion,
  told: (count: number) => void,
  { env, clock }: { readonly env: Environment; readonly clock: Clock },
): Promise<MovedKeys> {
  await using open = new AsyncDisposableStack();
  const { dryRun, removeFromStore } = question;
  const { db, passphrases } = await openSigner(question, env);
  open.defer(() => db.destroy());
  const source = await openSource(question, passphrases, env, open);
  const options = { passphrases, now: clock(), dryRun, told };
  const taken = await takeKeys(db, source.keys(), options);
  if (!removeFromStore || dryRun || !source.remove) return { ...taken, removed: 0 };
  const held = await requireKeys(db, source.keys(), passphrases);
  return { ...taken, removed: await source.remove(held) };
}

async function openSource(
  question: MoveQuestion,
  passphrases: Passphrases,
  env: Environment,
  open: AsyncDisposableStack,
): Promise<KeySource> {
  const { fromStore, fromSigner, notaryDump, notaryDb } = question;
  if (fromStore !== undefined) return await storeSource(fromStore, env, open);
  if (fromSigner !== undefined) return await signerSource(fromSigner, passphrases, open);
  if (notaryDb !== undefined) {
    const live = open.use(await LiveDatabase.open(notaryDb, '--notary-db'));
    return { keys: () => openEverySignerKey(live, env) };
  }
  const shelf = open.use(new RowShelf(emptyRoom(resolve(question.data), open)));
  await readSignerDump(notaryDump ?? '', shelf);
  shelf.finish();
  return { keys: () => openEverySignerKey(shelf, env) };
}

/** The store must be stopped: what it makes meanwhile would stay behind. */
async function storeSource(
  path: string,
  env: Environment,
  open: AsyncDisposableStack,
): Promise<KeySource> {
  requireFile('--from-store', path, join('secrets', 'keys.key'));
  const { COUNTERMARK_DATABASE: url } = env;
  const folder = DataFolder.open(resolve(path));
  folder.claim();
  const kek = await folder.secret('keys');
  const database = url ? parseDatabase(url) : undefined;
  const db = await openStoreDatabase({ database }, folder);
  open.defer(() => db.destroy());
  return {
    keys: () => openRoleKeys(roleKeyRows(db), kek),
    remove: (keyIds) => removeRoleKeys(db, keyIds),
  };
}

async function signerSource(
  path: string,
  passphrases: Passphrases,
  open: AsyncDisposableStack,
): Promise<KeySource> {
  requireFile('--from-signer', path, databaseFile);
  const db = await openSignerDatabase(join(resolve(path), databaseFile));
  open.defer(() => db.destroy());
  return { keys: () => openedKeys(new KeyRows(db), passphrases) };
}

/** A mistyped path must not become a new, empty folder. */
function requireFile(flag: string, path: string, file: string): void {
  if (existsSync(join(path, file))) return;
  throw appError('SIGNER_MOVE_SOURCE', { flag, path, file });
}

/** A folder for the rows of a dump, which are encrypted; what a killed run left in it goes. */
function emptyRoom(data: string, open: AsyncDisposableStack): string {
  const room = join(data, 'import');
  const empty = () => rmSync(room, { recursive: true, force: true });
  empty();
  mkdirSync(room, { mode: 0o700 });
  open.defer(empty);
  return room;
}
