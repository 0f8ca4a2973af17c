/**
 * Our own API below `/api/v1`: users, candidates, decisions, history. JSON in and out, checked by
 * TypeBox schemas, errors as problem+json with our codes, HTTP Basic or a token; a file per
 * endpoint. What happens behind it stands in ports.ts.
 *
 * It refuses to decide: who may do what is decided by http/auth, what may become of a candidate by
 * the chain.
 */
export { apiError } from './errors.ts';
export type { CandidateDesk, ReportExpiries } from './ports.ts';
export { answerProblem } from './problem.ts';
export * from './schemas.ts';
export { storeApi } from './store-api.ts';
export { type WaitFor, waitGoals } from './wait-goals.ts';
