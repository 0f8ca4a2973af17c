import type { Kysely } from 'kysely';
import { define } from '../statements.ts';

/**
 * Who has a manifest, and which tags lead to it. Both are asked for each manifest that goes, by
 * foreign keys too, and took a walk through all manifests of the store.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await define(db, statements);
}

const statements = [
  'create index repository_manifests_by_digest on repository_manifests (digest)',
  'create index tags_by_digest on tags (repository, digest)',
];
