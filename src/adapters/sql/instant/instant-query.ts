import type { FileQuestion } from '../../../trust/index.ts';
import type { Statement } from './postgres-line.ts';

/** Longer files are left to whoever asks for one alone. */
export const longestBytes = 64 * 1024;

/** A server since its start, by one of its processes, and the transactions whose changes it shows. */
const mark = `concat_ws(' ', pg_postmaster_start_time(), pg_backend_pid(), pg_current_snapshot(),
  -- A standby's snapshot does not say which transactions are visible.
  case when pg_is_in_recovery() then clock_timestamp() end)`;

/** The mark alone. */
export const markQuery: Statement = { name: 'mark', text: `select ${mark}` };

/**
 * The mark of the moment a query sees, and the answers to many questions in that moment, unless its
 * mark is the one that is known: then nobody has committed since, and the answers are the same.
 *
 * The mark names the transactions that are visible, and who says so: a server since its start, by one
 * of its processes. Every change has a transaction, and visible are those below `xmax` that are not
 * in the list and were committed; so equal snapshots of one server see the same rows.
 *
 * A file's bytes are left out when whoever asks has the file with that hash already.
 *
 * $1 the known mark; $2 to $6 a column each of what {@link FileQuestion} says, $6 the known hashes;
 * $7 names of users.
 *
 * @see PostgreSQL, "System Information Functions", pg_current_snapshot; "Transactions", pg_snapshot
 */
export const instantQuery: Statement = {
  name: 'instant',
  text: `
  with moment as materialized (
    select ${mark} as mark)
  select 0 as number, mark as text, null::bigint as version, null::bigint as created_at,
    null::bigint as renew_at, null::bytea as bytes
  from moment
  union all
  select question.number, file.sha256, file.version, file.created_at,
    case when question.sha256 is null and question.version is null
      and question.role in ('snapshot', 'timestamp') then (
        select case when count(*) = 2 then min(expiry.expires_at) else 0 end
        from expiries expiry
        where expiry.gun = question.gun and expiry.role in ('snapshot', 'timestamp')
          and expiry.kind = expiry.role and expiry.version = (
            select newest.version from tuf_files newest
            where newest.gun = expiry.gun and newest.role = expiry.role
            order by newest.version desc limit 1)
      ) end,
    case when file.sha256 <> question.known and octet_length(file.bytes) <= ${longestBytes}
      then file.bytes end
  from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[])
    with ordinality as question (gun, role, sha256, version, known, number)
  cross join lateral (
    (select sha256, version, created_at, bytes from tuf_files
     where question.sha256 is null and question.version is null
       and gun = question.gun and role = question.role
     order by version desc limit 1)
    union all
    (select sha256, version, created_at, bytes from tuf_files
     where gun = question.gun and role = question.role and sha256 = question.sha256
     order by version desc limit 1)
    union all
    (select sha256, version, created_at, bytes from tuf_files
     where gun = question.gun and role = question.role and version = question.version)
  ) file
  where (select mark from moment) <> $1
  union all
  select -asked.number, jsonb_build_object('role', users.role, 'namespaces', array(
      select namespace from memberships where user_name = users.name order by namespace))::text,
    null, null, null, null
  from unnest($7::text[]) with ordinality as asked (name, number)
  join users on users.name = asked.name
  where (select mark from moment) <> $1`,
};

/** A row of {@link instantQuery}. Rows of files have numbers from 1 on, those of users from -1 down. */
export type InstantRow = readonly [
  number: number,
  text: string,
  version: number | null,
  createdAt: number | null,
  renewAt: number | null,
  bytes: Uint8Array | null,
];

/** The values of {@link instantQuery}. @param known  the hash of the file that is known, or `''` */
export function instantValues(
  mark: string,
  questions: readonly FileQuestion[],
  known: (question: FileQuestion) => string,
  users: readonly string[],
): unknown[] {
  return [
    mark,
    questions.map(({ gun }) => gun),
    questions.map(({ role }) => role),
    questions.map(({ sha256 }) => sha256 ?? null),
    questions.map(({ version }) => version ?? null),
    questions.map(known),
    users,
  ];
}
