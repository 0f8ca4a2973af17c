import type { Kysely } from 'kysely';
import { define, makeAppendOnly, numberInCommitOrder } from '../statements.ts';

/** The whole store as of 0.1: users, registry, trust metadata, keys, the chain. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await define(db, statements);
  await makeAppendOnly(db, 'history');
  await numberInCommitOrder(db, 'changefeed');
}

const statements = [
  `create table users (
     name text primary key, role text not null, password_hash text not null,
     created_at bigint not null)`,
  `create table memberships (
     user_name text not null references users (name) on delete cascade,
     namespace text not null, primary key (user_name, namespace))`,

  `create table repository_blobs (
     repository text not null, digest text not null, size_bytes bigint not null,
     linked_at bigint not null, primary key (repository, digest))`,
  'create index repository_blobs_by_digest on repository_blobs (digest)',
  'create table manifests (digest text primary key, bytes blob not null)',
  `create table repository_manifests (
     repository text not null, digest text not null references manifests (digest),
     media_type text not null, size_bytes bigint not null,
     subject text, artifact_type text, pushed_at bigint not null,
     primary key (repository, digest))`,
  'create index repository_manifests_by_subject on repository_manifests (repository, subject)',
  `create table manifest_references (
     parent text not null references manifests (digest) on delete cascade, child text not null,
     kind text not null, required integer not null, primary key (parent, child, kind))`,
  'create index manifest_references_by_child on manifest_references (child)',
  `create table tags (
     repository text not null, tag text not null, digest text not null,
     updated_at bigint not null, primary key (repository, tag),
     foreign key (repository, digest) references repository_manifests (repository, digest))`,

  `create table tuf_files (
     id integer primary key autoincrement, gun text not null, role text not null,
     version integer not null, sha256 text not null, bytes blob not null,
     created_at bigint not null, unique (gun, role, version))`,
  'create index tuf_files_by_sha256 on tuf_files (gun, role, sha256)',
  `create table changefeed (
     id integer primary key autoincrement, created_at bigint not null, gun text not null,
     version integer not null, sha256 text, category text not null)`,
  'create index changefeed_by_gun on changefeed (gun, id)',
  `create table private_keys (
     key_id text primary key, gun text not null, role text not null, key_type text not null,
     public blob not null, private blob not null, created_at bigint not null,
     last_used_at bigint)`,
  `create unique index private_keys_pending on private_keys (gun, role)
     where last_used_at is null`,

  `create table trust_pins (
     gun text primary key, root_version integer not null, root_bytes blob not null,
     pinned_at bigint not null)`,
  `create table seen_versions (
     gun text not null, role text not null, version integer not null, primary key (gun, role))`,
  `create table admission_troubles (
     repository text primary key, gun text not null, code text not null, reason text not null,
     at bigint not null)`,
  'create table cursors (name text primary key, position bigint not null)',

  `create table candidates (
     id text primary key, gun text not null, repository text not null, tag text not null,
     digest text not null, size_bytes bigint not null, signed_by text not null,
     state text not null, refusal_code text, refusal_reason text,
     admitted_at bigint not null, updated_at bigint not null,
     next_step text, next_try_at bigint not null, tries integer not null,
     unique (repository, tag, digest))`,
  'create index candidates_by_next on candidates (next_step, next_try_at)',
  'create table evidence (digest text primary key, bytes blob not null)',
  `create table findings (
     candidate_id text not null references candidates (id), id text not null, rule text not null,
     severity text not null, blocks integer not null, needs_reason integer not null,
     title text not null, detail text not null, remedy text not null, subject text not null,
     aliases text not null, platforms text not null, primary key (candidate_id, id))`,
  `create table certified_parts (
     candidate_id text not null references candidates (id), repository text not null,
     digest text not null, primary key (repository, digest, candidate_id))`,
  'create index certified_parts_by_candidate on certified_parts (candidate_id)',
  `create table history (
     position bigint primary key, candidate_id text not null references candidates (id),
     at bigint not null, step text not null, actor text not null,
     evidence_digest text not null references evidence (digest), reason text not null,
     previous_hash text not null, hash text not null)`,
  'create index history_by_candidate on history (candidate_id, position)',
  `create table sealed_files (
     candidate_id text not null references candidates (id), gun text not null, role text not null,
     version integer not null, sha256 text not null, bytes blob not null,
     primary key (candidate_id, gun, role))`,
];
