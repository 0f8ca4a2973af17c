import type { Kysely } from 'kysely';
import { define } from '../statements.ts';

/**
 * The index of what expires. It is filled at every publish; what was published before it existed is
 * added by `ExpiryIndex.catchUp` after the start, so that a large store starts at once.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await define(db, statements);
}

const statements = [
  `create table expiries (
     gun text not null, role text not null, kind text not null, version integer not null,
     expires_at bigint not null, due_at bigint, primary key (gun, role, kind))`,
  'create index expiries_by_due on expiries (due_at)',
  'create index expiries_by_kind on expiries (kind, expires_at)',
  'create index expiries_by_end on expiries (expires_at)',
];
