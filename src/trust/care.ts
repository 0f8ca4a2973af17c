import { dayMs, type StoreError } from '../base/index.ts';
import type { Gun } from '../tuf/index.ts';
import { isSignerAway } from './errors.ts';
import type { ExpiryIndex } from './ports.ts';
import type { Renewal } from './renew-server-roles.ts';

/** GUNs that one round looks at: a round ends soon, and a store that stops need not wait for it. */
const mostInRound = 100;
/** A refusal holds until the owner of the repository does something, which is a publish. */
const refusedForMs = dayMs;
const failedForMs = 5 * 60_000;

/** What one round needs. */
export interface Care {
  readonly index: ExpiryIndex;
  /** The trust server. */
  readonly server: { renew(gun: Gun, now: Date): Promise<Renewal> };
  /** Is told how it went, GUN by GUN; `failed` is looked into and tried again soon. */
  readonly report: (event: CareEvent) => void;
}

export type CareEvent =
  | { readonly event: 'renewed'; readonly gun: Gun }
  | { readonly event: 'renewal-refused'; readonly gun: Gun; readonly error: StoreError }
  | { readonly event: 'renewal-failed'; readonly gun: Gun; readonly error: unknown };

/**
 * Renews the snapshots and timestamps whose time has come, one GUN after the other, most urgent
 * first. A signer that does not answer ends the round: it would not answer for the others either, and
 * the next round is not far. What it has to remember stands in the index, so it may be stopped anywhere; several
 * replicas may do it at once, since only one of them can publish the next version.
 *
 * @returns true when there may be more to do
 */
export async function renewDue(
  { index, server, report }: Care,
  now: Date,
  signal: AbortSignal,
): Promise<boolean> {
  const due = await index.due(now, mostInRound);
  for (const gun of due) {
    if (signal.aborted) return false;
    const { waitMs, isOver = false } = await renew(gun);
    // What was renewed is not due any more; what is due still is somebody else's to renew.
    await index.postpone(gun, now, new Date(now.getTime() + waitMs));
    if (isOver) return false;
  }
  return due.length > 0;

  async function renew(gun: Gun): Promise<{ waitMs: number; isOver?: boolean }> {
    try {
      const renewal = await server.renew(gun, now);
      if (renewal.result === 'raced') return { waitMs: failedForMs };
      if (renewal.result === 'renewed') report({ event: 'renewed', gun });
      if (renewal.result !== 'refused') return { waitMs: refusedForMs };
      const { error } = renewal;
      // Not the owner of the repository but the operator of the signer must do something.
      if (error.code === 'TRUST_SIGNER_UNAVAILABLE') return failed(gun, error);
      report({ event: 'renewal-refused', gun, error });
      return { waitMs: refusedForMs };
    } catch (error) {
      return failed(gun, error);
    }
  }

  function failed(gun: Gun, error: unknown) {
    report({ event: 'renewal-failed', gun, error });
    return { waitMs: failedForMs, isOver: isSignerAway(error) };
  }
}
