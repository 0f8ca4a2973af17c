import { createPublicKey, type KeyObject } from 'node:crypto';
import { utf8 } from '../../base/index.ts';
import type { KeyOwner } from '../../signer/index.ts';
import { barePublicKey, localSigner, type PublicKey, verifySignature } from '../../tuf/index.ts';
import type { SignerDatabase } from './database.ts';
import { openRow, publicKeyOf, sealedRow } from './database-keys.ts';
import { signerKeyError } from './errors.ts';
import { type KeyRow, KeyRows } from './key-rows.ts';
import type { Passphrases } from './passphrases.ts';

/** A private key that another holder had, opened, and whose it is. */
export interface MovingKey extends KeyOwner {
  /** As the holder announced it. */
  readonly key: PublicKey;
  /** Announced, and nothing signed with it. */
  readonly pending: boolean;
  readonly privateKey: KeyObject;
}

/** What came of it; counts of keys. */
export interface TakenKeys {
  readonly moved: number;
  /** Were in the signer already, for the same owner. */
  readonly there: number;
  /** Different GUNs among both. */
  readonly repositories: number;
}

type NewRow = Omit<KeyRow, 'last_used_at'> & { readonly isPending: boolean };

/**
 * Takes keys into the signer's database, all or none. Each is sealed under the default alias,
 * opened again from what was sealed, and has signed a trial text before the first is written; a key
 * that is there already does the same. Nothing is changed where they come from.
 *
 * @param options.dryRun  does everything but the writing
 * @param options.told    is called with how many were looked at, after each
 * @throws StoreError SIGNER_MOVE_KEY, SIGNER_MOVE_ELSEWHERE, SIGNER_KEY_UNREADABLE, and what the
 *         source throws: then nothing was written
 */
export async function takeKeys(
  db: SignerDatabase,
  source: AsyncIterable<MovingKey>,
  options: {
    readonly passphrases: Passphrases;
    readonly now: Date;
    readonly dryRun?: boolean;
    readonly told?: (count: number) => void;
  },
): Promise<TakenKeys> {
  const rows = new KeyRows(db);
  const made = new Map<string, NewRow>();
  const guns = new Set<string>();
  let there = 0;
  for await (const moving of source) {
    const { id } = moving.key;
    const known = (await rows.find(id)) ?? made.get(id);
    if (known) await requireSame(known, moving, options.passphrases);
    else made.set(id, await tried(moving, options.passphrases));
    if (known && !made.has(id)) there++;
    guns.add(moving.gun);
    options.told?.(made.size + there);
  }
  if (!options.dryRun) await insertAll(db, [...made.values()], options.now);
  return { moved: made.size, there, repositories: guns.size };
}

/**
 * Shows that the signer's database holds these keys for these owners: each opens from its row and
 * signs a trial text.
 * @returns their ids
 * @throws StoreError SIGNER_MOVE_MISSING at the first that does not
 */
export async function requireKeys(
  db: SignerDatabase,
  source: AsyncIterable<Pick<MovingKey, 'gun' | 'role' | 'key'>>,
  passphrases: Passphrases,
): Promise<string[]> {
  const rows = new KeyRows(db);
  const ids: string[] = [];
  for await (const wanted of source) {
    const row = await rows.find(wanted.key.id);
    if (!row) {
      const { gun, role } = wanted;
      throw signerKeyError('SIGNER_MOVE_MISSING', { keyId: wanted.key.id, gun, role });
    }
    await requireSame(row, wanted, passphrases);
    ids.push(wanted.key.id);
  }
  return ids;
}

/** The new row, when its two halves belong together and what was sealed signs. */
async function tried(moving: MovingKey, passphrases: Passphrases): Promise<NewRow> {
  const { gun, role, key, privateKey, pending: isPending } = moving;
  if (barePublicKey(createPublicKey(privateKey)).id !== key.id) {
    throw unfit(moving, 'its halves do not belong together');
  }
  const row = await sealedRow({ gun, role }, privateKey, passphrases);
  await signTrial(row, passphrases);
  return { ...row, isPending };
}

async function requireSame(
  row: Omit<KeyRow, 'last_used_at'>,
  { gun, role, key }: Pick<MovingKey, 'gun' | 'role' | 'key'>,
  passphrases: Passphrases,
): Promise<void> {
  if (row.gun !== gun || row.role !== role) {
    const { gun: otherGun, role: otherRole } = row;
    throw signerKeyError('SIGNER_MOVE_ELSEWHERE', {
      keyId: key.id,
      gun,
      role,
      otherGun,
      otherRole,
    });
  }
  await signTrial(row, passphrases);
}

/** The text is no metadata: nobody can use the signature for anything. */
async function signTrial(
  row: Omit<KeyRow, 'last_used_at'>,
  passphrases: Passphrases,
): Promise<void> {
  const privateKey = await openRow(row, passphrases);
  const key = publicKeyOf(row);
  const trial = utf8(`trial signature of the key ${key.id}`);
  try {
    verifySignature(key, await localSigner(key, privateKey).sign(trial), trial);
  } catch (cause) {
    throw unfit(
      { gun: row.gun, role: row.role, key },
      'its trial signature does not verify',
      cause,
    );
  }
}

/** One transaction: whoever looks meanwhile, or comes after a crash, sees all of them or none. */
async function insertAll(db: SignerDatabase, rows: readonly NewRow[], now: Date): Promise<void> {
  await db.transaction().execute(async (tx) => {
    for (const { isPending, ...row } of rows) {
      const { key_id: keyId, gun, role, algorithm } = row;
      // Deleted here once; whoever moves it wants it back.
      await tx
        .deleteFrom('private_keys')
        .where('key_id', '=', keyId)
        .where('deleted_at', 'is not', null)
        .execute();
      const announced = await tx
        .selectFrom('private_keys')
        .select('key_id')
        .where('gun', '=', gun)
        .where('role', '=', role)
        .where('algorithm', '=', algorithm)
        .where('last_used_at', 'is', null)
        .where('deleted_at', 'is', null)
        .executeTakeFirst();
      // An owner has one key that is announced; a second is kept as one that may have been used.
      const usedAt = isPending && !announced ? null : now.getTime();
      await tx
        .insertInto('private_keys')
        .values({ ...row, created_at: now.getTime(), last_used_at: usedAt })
        .execute();
    }
  });
}

function unfit(
  { gun, role, key }: Pick<MovingKey, 'gun' | 'role' | 'key'>,
  reason: string,
  cause?: unknown,
) {
  return signerKeyError('SIGNER_MOVE_KEY', { keyId: key.id, gun, role, reason }, cause);
}
