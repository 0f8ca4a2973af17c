import type { Clock } from '../../base/index.ts';
import type { ApiAuth, Users } from '../auth/index.ts';
import type { CandidateDesk, ReportExpiries } from './ports.ts';

/** What the endpoints work with. */
export interface StoreApiOptions {
  readonly auth: ApiAuth;
  readonly users: Users;
  readonly desk: CandidateDesk;
  readonly expiries: ReportExpiries;
  readonly clock: Clock;
}
