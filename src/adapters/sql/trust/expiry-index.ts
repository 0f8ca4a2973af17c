import { setImmediate } from 'node:timers/promises';
import { type Insertable, sql } from 'kysely';
import {
  type Expiry,
  type ExpiryIndex,
  type ExpiryKind,
  type ExpirySummary,
  expiriesOf,
  expiryKinds,
  type FileExpiry,
  type FileVersion,
  kindOf,
  type RoleOfGun,
} from '../../../trust/index.ts';
import type { Gun, RoleName } from '../../../tuf/index.ts';
import type { Database, Tx } from '../database.ts';
import { type Asked, type Place, prepared } from '../prepared.ts';
import type { Schema } from '../schema.ts';
import { ask, type Steps, takeSteps } from '../steps.ts';
import { lockNames, write } from '../write.ts';

const caughtUpAtOnce = 200;
/** Of one statement: there is a text for each number of rows. */
const rowsAtOnce = 8;
/** Far enough for a file nobody can read: it never comes up. */
const never = new Date(8.64e15);

/** The index of expiries in SQL, beside the files, written in their transaction. */
export class SqlExpiryIndex implements ExpiryIndex {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async due(now: Date, limit: number): Promise<Gun[]> {
    const rows = await this.#db
      .selectFrom('expiries')
      .select('gun')
      .where('due_at', '<=', now.getTime())
      .orderBy('due_at')
      .limit(limit)
      .execute();
    return [...new Set(rows.map(({ gun }) => gun as Gun))];
  }

  async postpone(gun: Gun, now: Date, until: Date): Promise<void> {
    await this.#db
      .updateTable('expiries')
      .set({ due_at: until.getTime() })
      .where('gun', '=', gun)
      .where('due_at', '<=', now.getTime())
      .execute();
  }

  async soonest(
    before: Date,
    limit: number,
    kind?: ExpiryKind,
    prefix?: string,
  ): Promise<Expiry[]> {
    const rows = await this.#db
      .selectFrom('expiries')
      .select(['gun', 'kind', 'role', 'expires_at'])
      .$if(kind !== undefined, (all) => all.where('kind', '=', kind as ExpiryKind))
      .$if(prefix !== undefined, (all) =>
        all.where(sql<boolean>`substr(gun, 1, length(${prefix})) = ${prefix}`),
      )
      .where('expires_at', '<', before.getTime())
      .orderBy('expires_at')
      .orderBy('gun')
      .orderBy('role')
      .limit(limit)
      .execute();
    return rows.map(({ gun, kind, role, expires_at }) => ({
      gun: gun as Gun,
      kind,
      role: role as RoleName,
      expiresAt: new Date(expires_at),
    }));
  }

  async summary(before: readonly Date[]): Promise<ExpirySummary[]> {
    const summaries: ExpirySummary[] = [];
    for (const kind of expiryKinds) {
      const of = this.#db.selectFrom('expiries').where('kind', '=', kind);
      const first = await of.select('expires_at').orderBy('expires_at').limit(1).executeTakeFirst();
      const counts: number[] = [];
      for (const instant of before) {
        const { count } = await of
          .select(({ fn }) => fn.countAll().as('count'))
          .where('expires_at', '<', instant.getTime())
          .executeTakeFirstOrThrow();
        counts.push(Number(count));
        // SQLite counts a hundred thousand in this thread, and requests go before metrics.
        await setImmediate();
      }
      const earliest = first && new Date(first.expires_at);
      summaries.push({ kind, earliest, before: counts });
    }
    return summaries;
  }

  async catchUp(after: RoleOfGun | undefined): Promise<RoleOfGun | undefined> {
    // In the order of the index that has all of this: no file is read, however large they are.
    const newest = this.#db
      .selectFrom('tuf_files')
      .select(({ fn }) => ['gun', 'role', fn.max('version').as('version')])
      .where(sql<boolean>`(gun, role) > (${after?.gun ?? ''}, ${after?.role ?? ''})`)
      .groupBy(['gun', 'role'])
      .orderBy('gun')
      .orderBy('role')
      .limit(caughtUpAtOnce);
    const seen = await this.#db
      .selectFrom(newest.as('newest'))
      .select(({ exists, not, selectFrom }) => [
        'newest.gun as gun',
        'newest.role as role',
        'newest.version as version',
        not(
          exists(
            selectFrom('expiries')
              .select('expiries.version')
              .whereRef('expiries.gun', '=', 'newest.gun')
              .whereRef('expiries.role', '=', 'newest.role')
              .whereRef('expiries.version', '>=', 'newest.version'),
          ),
        ).as('missing'),
      ])
      .orderBy('newest.gun')
      .orderBy('newest.role')
      .execute();
    for (const { gun, role, version, missing } of seen) {
      if (missing) await this.#add(gun as Gun, role as RoleName, version);
    }
    const last = seen.at(-1);
    return last && { gun: last.gun as Gun, role: last.role as RoleName };
  }

  async #add(gun: Gun, role: RoleName, version: number): Promise<void> {
    await write(this.#db, [lockNames.gun(gun)], async (tx) => {
      const row = await tx
        .selectFrom('tuf_files')
        .select(['version', 'sha256', 'bytes', 'created_at'])
        .where('gun', '=', gun)
        .where('role', '=', role)
        .where('version', '=', version)
        .executeTakeFirst();
      if (row) await writeExpiries(tx, gun, [{ ...row, role }], new Date(row.created_at));
    });
  }
}

/**
 * Notes when files expire that are being published, in their transaction. What was noted of older
 * versions goes; what is newer stays, so that a late catch-up takes nothing back.
 */
export function writeExpiries(
  tx: Tx,
  gun: Gun,
  files: readonly FileVersion[],
  publishedAt: Date,
): Promise<void> {
  return takeSteps(tx, expirySteps(gun, files, publishedAt));
}

/** {@link writeExpiries}, for whoever runs its steps. */
export function* expirySteps(
  gun: Gun,
  files: readonly FileVersion[],
  publishedAt: Date,
): Steps<void> {
  const rows = files.flatMap((file) =>
    entriesOf(file, publishedAt).map(({ kind, expiresAt, dueAt }) => ({
      gun,
      role: file.role,
      kind,
      version: file.version,
      expires_at: expiresAt.getTime(),
      due_at: dueAt?.getTime() ?? null,
    })),
  );
  for (let from = 0; from < rows.length; from += rowsAtOnce) {
    const some = rows.slice(from, from + rowsAtOnce);
    yield* ask(upsertOf(some.length)(some));
  }
}

type ExpiryRow = Insertable<Schema['expiries']>;
type Upsert = (rows: readonly ExpiryRow[]) => Asked<unknown>;

/** By how many rows. */
const upserts = new Map<number, Upsert>();

function upsertOf(count: number): Upsert {
  const known = upserts.get(count) ?? prepareUpsert(count);
  upserts.set(count, known);
  return known;
}

function prepareUpsert(count: number): Upsert {
  return prepared((db, place: Place<readonly ExpiryRow[]>) => {
    const rows = Array.from({ length: count }, (_, i) => {
      const of = <K extends keyof ExpiryRow>(name: K) =>
        place((values) => (values[i] as ExpiryRow)[name]);
      return {
        gun: of('gun'),
        role: of('role'),
        kind: of('kind'),
        version: of('version'),
        expires_at: of('expires_at'),
        due_at: of('due_at'),
      };
    });
    return db
      .insertInto('expiries')
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .columns(['gun', 'role', 'kind'])
          .doUpdateSet(({ ref }) => ({
            version: ref('excluded.version'),
            expires_at: ref('excluded.expires_at'),
            due_at: ref('excluded.due_at'),
          }))
          .where(
            ({ ref }) => sql<boolean>`${ref('expiries.version')} < ${ref('excluded.version')}`,
          ),
      );
  });
}

/** Bytes that are no metadata are noted as never expiring, so that they are read once only. */
function entriesOf(file: FileVersion, publishedAt: Date): FileExpiry[] {
  const entries = expiriesOf(file, publishedAt);
  if (entries.length > 0) return entries;
  return [{ kind: kindOf(file.role), expiresAt: never, dueAt: undefined }];
}
