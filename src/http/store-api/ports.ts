import type { CandidateDesk as Desk } from '../../chain/index.ts';
import type { ExpiryLine } from '../../trust/index.ts';

/** The candidates, and what a person can do about them: what the API needs of the chain's desk. */
export type CandidateDesk = Pick<
  Desk,
  | 'list'
  | 'find'
  | 'findings'
  | 'unsigned'
  | 'history'
  | 'verifyHistory'
  | 'approve'
  | 'refuse'
  | 'recall'
  | 'reopen'
  | 'waitFor'
>;

/** What expires before an instant, soonest first: what the API needs of the trust server. */
export type ReportExpiries = (before: Date, limit: number, now: Date) => Promise<ExpiryLine[]>;
