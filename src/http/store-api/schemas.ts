/**
 * The JSON of the API, as schemas and as types. Instants are RFC 3339 in UTC; digests are
 * `sha256:` and 64 hex digits; what does not apply is absent.
 */
import Type, { type Static } from 'typebox';
import { states } from '../../chain/index.ts';
import { severities } from '../../findings/index.ts';
import { expiryKinds } from '../../trust/index.ts';
import { roles } from '../auth/index.ts';
import { waitGoals } from './wait-goals.ts';

const Instant = Type.String();
const Text = Type.String({ maxLength: 4096 });
const Name = Type.String({ maxLength: 255 });

export const UserJson = Type.Object({
  name: Type.String(),
  role: Type.Enum([...roles]),
  namespaces: Type.Array(Type.String()),
  createdAt: Instant,
});
export type UserJson = Static<typeof UserJson>;

/** Who is asking. */
export const MeJson = Type.Object({
  name: Type.String(),
  role: Type.Enum([...roles]),
  namespaces: Type.Array(Type.String()),
});
export type MeJson = Static<typeof MeJson>;

export const NewUserJson = Type.Object(
  {
    name: Name,
    role: Type.Enum([...roles]),
    namespaces: Type.Optional(Type.Array(Name, { maxItems: 50 })),
    password: Text,
  },
  { additionalProperties: false },
);
export type NewUserJson = Static<typeof NewUserJson>;

export const PasswordJson = Type.Object({ password: Text }, { additionalProperties: false });
export type PasswordJson = Static<typeof PasswordJson>;

export const FindingJson = Type.Object({
  id: Type.String(),
  rule: Type.String(),
  severity: Type.Enum([...severities]),
  title: Type.String(),
  detail: Type.String(),
  remedy: Type.String(),
  subject: Type.String(),
  aliases: Type.Array(Type.String()),
  platforms: Type.Array(Type.String()),
  /** The policy refuses the image because of it. */
  blocks: Type.Boolean(),
  /** The image may be approved, by somebody who says why. */
  needsReason: Type.Boolean(),
});
export type FindingJson = Static<typeof FindingJson>;

const WhyJson = Type.Object({ code: Type.String(), reason: Type.String() });

export const CandidateJson = Type.Object({
  id: Type.String(),
  gun: Type.String(),
  repository: Type.String(),
  tag: Type.String(),
  digest: Type.String(),
  sizeBytes: Type.Integer(),
  signedBy: Type.String(),
  state: Type.Enum([...states]),
  findings: Type.Array(FindingJson),
  refusal: Type.Optional(WhyJson),
  admittedAt: Instant,
  updatedAt: Instant,
  /** The step that comes next by itself. */
  next: Type.Optional(Type.Object({ step: Type.String(), tryAt: Instant, tries: Type.Integer() })),
});
export type CandidateJson = Static<typeof CandidateJson>;

/** A tag that was pushed to staging and waits for a signature: a row of the same list. */
export const UnsignedJson = Type.Object({
  id: Type.Null(),
  repository: Type.String(),
  tag: Type.String(),
  digest: Type.String(),
  state: Type.Literal('unsigned'),
  findings: Type.Array(FindingJson, { maxItems: 0 }),
  pushedAt: Instant,
  /** Why the last signed update of its repository admitted nothing. */
  trouble: Type.Optional(WhyJson),
});
export type UnsignedJson = Static<typeof UnsignedJson>;

export const DecisionJson = Type.Object(
  { reason: Type.Optional(Text) },
  { additionalProperties: false },
);
export type DecisionJson = Static<typeof DecisionJson>;

export const WaitJson = Type.Object({
  /** `reached`; `missed`: it can no longer come to that; `pending`: not yet, ask again. */
  outcome: Type.Enum(['reached', 'missed', 'pending']),
  candidate: CandidateJson,
});
export type WaitJson = Static<typeof WaitJson>;

export const HistoryEntryJson = Type.Object({
  position: Type.Integer(),
  candidateId: Type.String(),
  at: Instant,
  step: Type.String(),
  actor: Type.String(),
  reason: Type.String(),
  evidenceDigest: Type.String(),
  previousHash: Type.String(),
  hash: Type.String(),
});
export type HistoryEntryJson = Static<typeof HistoryEntryJson>;

/** The whole history, of all candidates, was verified. */
export const HistoryCheckJson = Type.Object({
  entries: Type.Integer(),
  /** Hash of the newest entry: written down elsewhere, it shows a history that was cut short. */
  head: Type.String(),
  candidates: Type.Integer(),
});
export type HistoryCheckJson = Static<typeof HistoryCheckJson>;

/** RFC 9457, with our code. */
export const ProblemJson = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  code: Type.String(),
});
export type ProblemJson = Static<typeof ProblemJson>;

export const CandidateQuery = Type.Object(
  {
    state: Type.Optional(oneOrMore(Type.Enum([...states]))),
    repository: Type.Optional(Name),
    tag: Type.Optional(Name),
    limit: Type.Optional(limitText()),
  },
  { additionalProperties: false },
);
export type CandidateQuery = Static<typeof CandidateQuery>;

export const UnsignedQuery = Type.Object(
  { limit: Type.Optional(limitText()) },
  { additionalProperties: false },
);
export type UnsignedQuery = Static<typeof UnsignedQuery>;

export const WaitQuery = Type.Object(
  {
    for: Type.Enum([...waitGoals]),
    /** 0 to 25; intermediaries cut off what stays silent for longer. */
    seconds: Type.Optional(Type.String({ pattern: '^([0-9]|1[0-9]|2[0-5])$' })),
  },
  { additionalProperties: false },
);
export type WaitQuery = Static<typeof WaitQuery>;

function limitText() {
  return Type.String({ pattern: '^([1-9][0-9]?|[1-4][0-9]{2}|500)$' });
}

/** A parameter that may be repeated. */
function oneOrMore<S extends Type.TSchema>(schema: S) {
  return Type.Union([schema, Type.Array(schema, { minItems: 1, maxItems: 20 })]);
}

export const ExpiryJson = Type.Object({
  gun: Type.String(),
  kind: Type.Enum([...expiryKinds]),
  role: Type.String(),
  expiresAt: Instant,
  /** Who can put it off. */
  by: Type.Enum(['server', 'operator', 'publisher', 'root-owner', 'nobody']),
  todo: Type.String(),
});
export type ExpiryJson = Static<typeof ExpiryJson>;

export const ExpiryQuery = Type.Object(
  {
    /** Days from now. */
    within: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,4}$' })),
    limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]{0,3}|10000)$' })),
  },
  { additionalProperties: false },
);
export type ExpiryQuery = Static<typeof ExpiryQuery>;
