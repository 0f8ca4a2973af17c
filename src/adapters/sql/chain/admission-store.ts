import type { Digest } from '../../../base/index.ts';
import type {
  Admission,
  Admissions,
  Change,
  Opening,
  Pin,
  UnsignedFilter,
  UnsignedTag,
} from '../../../chain/index.ts';
import type { Gun } from '../../../tuf/index.ts';
import type { Database, Tx } from '../database.ts';
import { lockNames, write } from '../write.ts';
import { stagingRange } from './candidate-list.ts';
import { appendHistory } from './chain-history.ts';

const cursorName = 'chain';
const defaultLimit = 1_000;

/** The chain's end of the changefeed in SQL. */
export class SqlAdmissions implements Admissions {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async waiting(limit: number): Promise<readonly Change[]> {
    const rows = await this.#db
      .selectFrom('changefeed')
      .select(['id', 'gun', 'version', 'sha256', 'category'])
      .where('id', '>', await cursor(this.#db))
      .orderBy('id')
      .limit(limit)
      .execute();
    return rows.map(({ sha256, ...change }) => ({ ...change, sha256: sha256 ?? undefined }));
  }

  async pin(gun: Gun): Promise<Pin | undefined> {
    const row = await this.#db
      .selectFrom('trust_pins')
      .select(['root_version', 'root_bytes'])
      .where('gun', '=', gun)
      .executeTakeFirst();
    return row && { rootVersion: row.root_version, rootBytes: row.root_bytes };
  }

  async known(repository: string): Promise<ReadonlySet<string>> {
    const rows = await this.#db
      .selectFrom('candidates')
      .select(['tag', 'digest'])
      .where('repository', '=', repository)
      .execute();
    return new Set(rows.map(({ tag, digest }) => `${tag} ${digest}`));
  }

  async skip(changeId: number): Promise<void> {
    await write(this.#db, [lockNames.chain], (tx) => moveCursor(tx, changeId));
  }

  async admit(admission: Admission): Promise<readonly string[]> {
    const { change, gun, repository, pin, openings, trouble, at } = admission;
    return write(this.#db, [lockNames.chain], async (tx) => {
      if (change.id <= (await cursor(tx))) return [];
      await moveCursor(tx, change.id);
      if (pin) await storePin(tx, gun, pin, at);
      await storeTrouble(tx, repository, gun, trouble, at);
      const opened: Opening[] = [];
      for (const opening of openings) if (await open(tx, opening)) opened.push(opening);
      await appendHistory(
        tx,
        opened.map(({ entry }) => entry),
      );
      return opened.map(({ subject }) => subject.id);
    });
  }

  async unsigned(filter: UnsignedFilter): Promise<readonly UnsignedTag[]> {
    const { namespaces, limit = defaultLimit } = filter;
    if (namespaces?.length === 0) return [];
    const ranges = namespaces ? namespaces.map((name) => stagingRange(name)) : [stagingRange()];
    const rows = await this.#db
      .selectFrom('tags')
      .leftJoin('admission_troubles', 'admission_troubles.repository', 'tags.repository')
      .select([
        'tags.repository',
        'tags.tag',
        'tags.digest',
        'tags.updated_at',
        'admission_troubles.code',
        'admission_troubles.reason',
      ])
      .where((eb) =>
        eb.or(
          ranges.map((range) => eb.and(range.map(([op, to]) => eb('tags.repository', op, to)))),
        ),
      )
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('candidates')
              .select('candidates.id')
              .whereRef('candidates.repository', '=', 'tags.repository')
              .whereRef('candidates.tag', '=', 'tags.tag')
              .whereRef('candidates.digest', '=', 'tags.digest'),
          ),
        ),
      )
      .orderBy('tags.repository')
      .orderBy('tags.tag')
      .limit(limit)
      .execute();
    return rows.map((row) => ({
      repository: row.repository,
      tag: row.tag,
      digest: row.digest as Digest,
      pushedAt: new Date(row.updated_at),
      trouble: row.code === null ? undefined : { code: row.code, reason: row.reason ?? '' },
    }));
  }
}

async function cursor(db: Database | Tx): Promise<number> {
  const row = await db
    .selectFrom('cursors')
    .select('position')
    .where('name', '=', cursorName)
    .executeTakeFirst();
  return row?.position ?? 0;
}

/** Never back. */
async function moveCursor(tx: Tx, position: number): Promise<void> {
  await tx
    .insertInto('cursors')
    .values({ name: cursorName, position })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet({ position }).where('cursors.position', '<', position),
    )
    .execute();
}

async function storePin(tx: Tx, gun: Gun, pin: Pin, at: Date): Promise<void> {
  await tx
    .insertInto('trust_pins')
    .values({
      gun,
      root_version: pin.rootVersion,
      root_bytes: pin.rootBytes,
      pinned_at: at.getTime(),
    })
    .onConflict((conflict) => conflict.column('gun').doNothing())
    .execute();
}

async function storeTrouble(
  tx: Tx,
  repository: string,
  gun: Gun,
  trouble: Admission['trouble'],
  at: Date,
): Promise<void> {
  await tx.deleteFrom('admission_troubles').where('repository', '=', repository).execute();
  if (!trouble) return;
  const row = { repository, gun, code: trouble.code, reason: trouble.reason, at: at.getTime() };
  await tx.insertInto('admission_troubles').values(row).execute();
}

/** @returns false when this tag and digest of the repository are a candidate already */
async function open(tx: Tx, { subject }: Opening): Promise<boolean> {
  const at = subject.admittedAt.getTime();
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('candidates')
    .values({
      id: subject.id,
      gun: subject.gun,
      repository: subject.repository,
      tag: subject.tag,
      digest: subject.digest,
      size_bytes: subject.sizeBytes,
      signed_by: subject.signedBy,
      state: 'admitted',
      refusal_code: null,
      refusal_reason: null,
      admitted_at: at,
      updated_at: at,
      next_step: 'check',
      next_try_at: at,
      tries: 0,
    })
    .onConflict((conflict) => conflict.columns(['repository', 'tag', 'digest']).doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}
