/**
 * The trust chain: how an image that a producer pushed and signed becomes one that consumers can
 * pull under the store's own signature, or is refused by name. Five links, in order: admit, check
 * (and copy), review, seal, serve; `candidate.ts` is the value that travels through them, `worker.ts`
 * moves it, `desk.ts` is where people decide, and where they recall what was served.
 * docs/trust-chain.md tells why in this order.
 *
 * It refuses to know where bytes and rows lie, how an update reached the trust server or an image
 * the registry, who may do what, HTTP, and the system clock: what it needs stands in `ports.ts`.
 */
export { Bell } from './bell.ts';
export { type ImageContent, type Part, type State, type Subject, states } from './candidate.ts';
export type * from './candidates-port.ts';
export { CandidateDesk } from './desk.ts';
export { chainError, chainErrors } from './errors.ts';
export type { JudgedFinding } from './finding.ts';
export {
  chainEntry,
  genesisHash,
  type HistoryEntry,
  type Job,
  jobs,
  type NewEntry,
  type Step,
} from './history.ts';
export type * from './ports.ts';
export { restoreCandidate } from './restore.ts';
export { renewedSeals } from './seal/renew-seals.ts';
export { ChainWorker, type WorkerOptions } from './worker.ts';
export { certificationOf, parseStagingRepository, stagingOf, storeOf, zoneOf } from './zones.ts';
