/**
 * The third link: what is wrong with an image, and is that acceptable? Configuration, layers and
 * packages of every platform become findings, the policy judges them, and what was looked at is
 * kept as evidence. docs/review.md lists the rules and the policy's words.
 *
 * It refuses to know where blobs, advisories and policies lie, how a layer is compressed, and who
 * decides in the end: what it needs stands in `ports.ts`.
 */
export { reviewError } from './errors.ts';
export {
  defaultPolicy,
  type FindingEffect,
  type ReviewLimits,
  type ReviewPolicy,
  type Waiver,
} from './policy.ts';
export type * from './ports.ts';
export { type ImageReview, review } from './review.ts';
export { ruleCodes } from './rules.ts';
