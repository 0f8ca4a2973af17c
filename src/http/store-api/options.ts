import type { Clock } from '../../base/index.ts';
import type { ApiAuth, Users } from '../auth/index.ts';
import type { CandidateDesk } from './ports.ts';

/** What the endpoints work with. */
export interface StoreApiOptions {
  readonly auth: ApiAuth;
  readonly users: Users;
  readonly desk: CandidateDesk;
  readonly clock: Clock;
}
