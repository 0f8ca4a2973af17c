import type { Finding } from '../findings/index.ts';

/** A finding together with what the policy says of it. */
export interface JudgedFinding extends Finding {
  /** The image is refused because of it. */
  readonly blocks: boolean;
  /** It may be approved, by a person who says why. */
  readonly needsReason: boolean;
}
