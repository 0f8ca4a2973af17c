import type { ColumnType, Generated } from 'kysely';

/** An instant in the database: milliseconds since 1970, UTC. */
export type Instant = number;

/** A value that is written once, at insert, and never changed. */
type Fixed<T> = ColumnType<T, T, never>;

/** Every table of the store. Columns are enumerated in every query; nothing selects `*`. */
export interface Schema {
  users: {
    name: Fixed<string>;
    role: 'consumer' | 'producer' | 'reviewer' | 'admin';
    password_hash: string;
    created_at: Fixed<Instant>;
  };
  /** Which namespaces a user belongs to: the `acme` of `acme/app` and of `staging/acme/app`. */
  memberships: { user_name: Fixed<string>; namespace: Fixed<string> };

  /** Blobs a repository may serve. The bytes lie in the blob store, once per digest. */
  repository_blobs: {
    repository: Fixed<string>;
    digest: Fixed<string>;
    size_bytes: Fixed<number>;
    /** When it was last pushed, mounted or asked about by somebody who may push. */
    linked_at: Instant;
  };
  /** Manifest and index bytes, once per digest. */
  manifests: { digest: Fixed<string>; bytes: Uint8Array };
  repository_manifests: {
    repository: Fixed<string>;
    digest: Fixed<string>;
    media_type: Fixed<string>;
    size_bytes: Fixed<number>;
    subject: Fixed<string | null>;
    artifact_type: Fixed<string | null>;
    /** When it was last pushed. */
    pushed_at: Instant;
  };
  /** What each manifest names: its children, config and layers. Once per digest, like the bytes. */
  manifest_references: {
    parent: Fixed<string>;
    child: Fixed<string>;
    kind: Fixed<'manifest' | 'blob'>;
    /** 0 for a layer whose bytes may lie outside the registry. */
    required: Fixed<number>;
  };
  tags: { repository: Fixed<string>; tag: Fixed<string>; digest: string; updated_at: Instant };

  /** Every version of every role, exactly as received or made. Current is the highest version. */
  tuf_files: {
    id: Generated<number>;
    gun: Fixed<string>;
    role: Fixed<string>;
    version: Fixed<number>;
    sha256: Fixed<string>;
    bytes: Fixed<Uint8Array>;
    created_at: Fixed<Instant>;
  };
  /** When what is current in `tuf_files` expires, and when the server shall renew it. */
  expiries: {
    gun: Fixed<string>;
    role: Fixed<string>;
    kind: Fixed<'root' | 'root-certificate' | 'targets' | 'delegation' | 'snapshot' | 'timestamp'>;
    /** Of the file that was read. */
    version: number;
    expires_at: Instant;
    due_at: Instant | null;
  };
  /** One row per accepted update, in order: the outbox that the chain admits from. */
  changefeed: {
    id: Generated<number>;
    created_at: Fixed<Instant>;
    gun: Fixed<string>;
    version: Fixed<number>;
    sha256: Fixed<string | null>;
    category: Fixed<'update' | 'deletion'>;
  };
  /** How far the roles of a GUN had come when it was deleted; consumers may still hold that. */
  retired_versions: { gun: Fixed<string>; role: Fixed<string>; version: number };
  /** The keys that the roots of a GUN listed when it was deleted. */
  retired_root_keys: { gun: Fixed<string>; key_id: Fixed<string> };
  /** Keys that the server holds. `private` is encrypted; the file says how. */
  private_keys: {
    key_id: Fixed<string>;
    gun: Fixed<string>;
    role: Fixed<string>;
    key_type: Fixed<string>;
    public: Fixed<Uint8Array>;
    private: Uint8Array;
    created_at: Fixed<Instant>;
    /** Null while the key is pending: made, announced, not yet signed with. */
    last_used_at: Instant | null;
  };

  /** The root that the chain first saw for a staging GUN, moved only by a valid rotation. */
  trust_pins: {
    gun: Fixed<string>;
    root_version: number;
    root_bytes: Uint8Array;
    pinned_at: Instant;
  };
  /** The highest version of each role that a check has seen. */
  seen_versions: { gun: Fixed<string>; role: Fixed<string>; version: number };
  /** Staging repositories whose last signed update admitted nothing, and why. */
  admission_troubles: {
    repository: Fixed<string>;
    gun: string;
    code: string;
    reason: string;
    at: Instant;
  };
  /** How far a reader of the changefeed has come. */
  cursors: { name: Fixed<string>; position: number };

  candidates: {
    id: Fixed<string>;
    gun: Fixed<string>;
    repository: Fixed<string>;
    tag: Fixed<string>;
    digest: Fixed<string>;
    size_bytes: Fixed<number>;
    signed_by: Fixed<string>;
    state: string;
    /** Code and sentence of the refusal; null while there is none. */
    refusal_code: string | null;
    refusal_reason: string | null;
    admitted_at: Fixed<Instant>;
    updated_at: Instant;
    /** The job: when the next step may be tried, and how often it has failed. Null: nothing to do. */
    next_step: string | null;
    next_try_at: Instant;
    tries: number;
  };
  /** What a step saw or made, by its digest. JSON, never changed. */
  evidence: { digest: Fixed<string>; bytes: Fixed<Uint8Array> };
  findings: {
    candidate_id: Fixed<string>;
    id: Fixed<string>;
    rule: Fixed<string>;
    severity: Fixed<string>;
    blocks: Fixed<number>;
    needs_reason: Fixed<number>;
    title: Fixed<string>;
    detail: Fixed<string>;
    remedy: Fixed<string>;
    subject: Fixed<string>;
    /** JSON arrays of texts. */
    aliases: Fixed<string>;
    platforms: Fixed<string>;
  };
  /** Which candidates need which manifest or blob of the certification zone. */
  certified_parts: {
    candidate_id: Fixed<string>;
    repository: Fixed<string>;
    digest: Fixed<string>;
  };
  /** Append-only; each entry holds the hash of the one before it (of any candidate). */
  history: {
    position: Fixed<number>;
    candidate_id: Fixed<string>;
    at: Fixed<Instant>;
    step: Fixed<string>;
    actor: Fixed<string>;
    evidence_digest: Fixed<string>;
    reason: Fixed<string>;
    previous_hash: Fixed<string>;
    hash: Fixed<string>;
  };
  /** What the store signed for a candidate, until it is published in one step. */
  sealed_files: {
    candidate_id: Fixed<string>;
    gun: Fixed<string>;
    role: Fixed<string>;
    version: Fixed<number>;
    sha256: Fixed<string>;
    bytes: Fixed<Uint8Array>;
  };
}
