import type { Kysely } from 'kysely';
import { define } from '../statements.ts';

/** What is remembered of deleted trust metadata, so that its versions go on rising. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await define(db, statements);
}

const statements = [
  `create table retired_versions (
     gun text not null, role text not null, version integer not null, primary key (gun, role))`,
  `create table retired_root_keys (
     gun text not null, key_id text not null, primary key (gun, key_id))`,
];
