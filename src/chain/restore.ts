import { digestOf, isStoreError, stringOf } from '../base/index.ts';
import type { Candidate, State } from './candidate.ts';
import * as link from './candidate.ts';
import type { CandidateRecord } from './candidates-port.ts';
import { chainError } from './errors.ts';
import {
  type EvidenceMembers,
  parseEvidence,
  readFindings,
  readImage,
  readSealed,
  readSubject,
} from './evidence.ts';
import { type HistoryEntry, hashOf } from './history.ts';

/**
 * Makes a candidate again from what was stored, by walking its history through the links. A row of
 * the database is not evidence: each entry must have its own hash, the evidence it names must have
 * that digest, every link must follow from the one before, and the row must say the same.
 *
 * What it does not compare is whether entries of other candidates are missing in between;
 * `verifyHistory` does.
 *
 * @throws StoreError CHAIN_EVIDENCE_BROKEN
 */
export function restoreCandidate(record: CandidateRecord): Candidate {
  let candidate: Candidate | undefined;
  let position = 0;
  for (const entry of record.history) {
    if (entry.candidateId !== record.id) throw broken(record, 'an entry is of another candidate');
    if (entry.position <= position) throw broken(record, 'its entries are not in their order');
    if (hashOf(entry) !== entry.hash) throw broken(record, `entry ${entry.position} was changed`);
    position = entry.position;
    candidate = walk(record, candidate, entry);
  }
  if (candidate === undefined) throw broken(record, 'it has no history');
  requireSame(record, candidate);
  return candidate;
}

/** The candidate, when it is in the state that is wanted. @throws StoreError CHAIN_STATE */
export function requireState<S extends State>(
  candidate: Candidate,
  state: S,
  wanted: string,
): Extract<Candidate, { state: S }> {
  if (candidate.state !== state) {
    const { id } = candidate.subject;
    throw chainError('CHAIN_STATE', { id, state: candidate.state, wanted });
  }
  return candidate as Extract<Candidate, { state: S }>;
}

function walk(
  record: CandidateRecord,
  before: Candidate | undefined,
  entry: HistoryEntry,
): Candidate {
  const bytes = record.evidence.get(entry.evidenceDigest);
  if (bytes === undefined) throw broken(record, `${entry.evidenceDigest} is missing`);
  if (digestOf(bytes) !== entry.evidenceDigest) {
    throw broken(record, `${entry.evidenceDigest} was changed`);
  }
  try {
    return pass(before, entry, parseEvidence(bytes, entry.step));
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw broken(record, `entry ${entry.position}, ${entry.step}: ${error.message}`, error);
  }
}

function pass(
  before: Candidate | undefined,
  entry: HistoryEntry,
  evidence: EvidenceMembers,
): Candidate {
  const { actor, reason, at, step } = entry;
  const decision = { actor, reason, at };
  if (before === undefined) return link.admitted(readSubject(evidence));
  const from = <S extends State>(state: S) => requireState(before, state, step);
  switch (step) {
    case 'admit':
    case 'reopen':
      return link.reopened(reopenable(before));
    case 'check':
      return link.checked(from('admitted'), readImage(evidence), readFindings(evidence));
    case 'copy':
      return link.copied(from('checked'));
    case 'review':
      return link.reviewed(from('copied'), readFindings(evidence));
    case 'approve':
      return link.approved(from('reviewed'), decision);
    case 'refuse':
      return link.refused(refusable(before), {
        ...decision,
        code: stringOf(evidence.get('code'), 'code'),
      });
    case 'seal':
      return link.sealed(from('approved'), readSealed(evidence));
    case 'unseal':
      return link.unsealed(from('sealed'));
    case 'serve':
      return link.published(from('sealed'));
    case 'recall':
      return link.recalled(from('published'), decision);
  }
}

/** What the store has signed is recalled, not refused. @throws StoreError CHAIN_STATE */
function refusable(candidate: Candidate): link.Refusable {
  switch (candidate.state) {
    case 'admitted':
    case 'checked':
    case 'copied':
    case 'reviewed':
    case 'approved':
      return candidate;
    default: {
      const { id } = candidate.subject;
      throw chainError('CHAIN_STATE', { id, state: candidate.state, wanted: 'refused' });
    }
  }
}

/** Whose way through the chain is over, and not at its goal. @throws StoreError CHAIN_STATE */
export function reopenable(candidate: Candidate): link.Refused | link.Recalled {
  return candidate.state === 'recalled'
    ? candidate
    : requireState(candidate, 'refused', 'reopened');
}

function requireSame(record: CandidateRecord, { state, subject }: Candidate): void {
  const claims = [
    ['state', record.state, state],
    ['id', record.id, subject.id],
    ['repository', record.repository, subject.repository],
    ['tag', record.tag, subject.tag],
    ['digest', record.digest, subject.digest],
  ] as const;
  for (const [name, claimed, proven] of claims) {
    if (claimed !== proven) {
      throw broken(record, `its row says ${name} ${claimed}, its history ${proven}`);
    }
  }
}

function broken(record: CandidateRecord, reason: string, cause?: unknown) {
  return chainError('CHAIN_EVIDENCE_BROKEN', { id: record.id, reason }, cause);
}
