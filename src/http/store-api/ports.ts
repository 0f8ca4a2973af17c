import type { CandidateDesk as Desk } from '../../chain/index.ts';

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
  | 'reopen'
  | 'waitFor'
>;
