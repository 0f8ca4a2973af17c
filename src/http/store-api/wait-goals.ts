import type { State } from '../../chain/index.ts';

/** What somebody can wait for: that a person must decide, or how it ends. */
export const waitGoals = ['decision', 'published', 'refused'] as const;
export type WaitFor = (typeof waitGoals)[number];

/** The state of each goal, and those from which a candidate no longer comes there by itself. */
export const goalStates: Record<
  WaitFor,
  { readonly goal: State; readonly past: readonly State[] }
> = {
  decision: { goal: 'reviewed', past: ['approved', 'sealed', 'published', 'recalled', 'refused'] },
  published: { goal: 'published', past: ['recalled', 'refused'] },
  refused: { goal: 'refused', past: ['published', 'recalled'] },
};
