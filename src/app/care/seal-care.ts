import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type Clock, dayMs, isStoreError } from '../../base/index.ts';
import { renewedSeals, type StoreKeys, type TrustFiles, zoneOf } from '../../chain/index.ts';
import type { ExpiryIndex, ExpiryKind, TrustServer } from '../../trust/index.ts';
import { type Gun, hostOfGun, repositoryOfGun } from '../../tuf/index.ts';

const renewedDaysBefore = 180;
const everyMs = dayMs;
/** More of a kind wait for the next day. */
const mostPerKind = 10_000;
const kinds = ['root', 'targets', 'delegation'] as const satisfies readonly ExpiryKind[];

/** What the care works with. */
export interface SealCare {
  readonly server: Pick<TrustServer, 'accept'>;
  readonly expiries: Pick<ExpiryIndex, 'soonest'>;
  readonly trust: TrustFiles;
  readonly keys: StoreKeys;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Identity {
  readonly origins: readonly string[];
  readonly storeName: string;
}

/** Whether the store itself publishes under this GUN. */
export function isOwnGun(gun: Gun, origins: readonly string[]): boolean {
  return origins.includes(hostOfGun(gun)) && zoneOf(repositoryOfGun(gun)) === 'store';
}

/**
 * Signs what the store itself signed again, half a year before it ends: at the start and then once a
 * day, until the signal. What cannot be is told, and tried again the next day.
 */
export async function careForSeals(
  care: SealCare,
  identity: Identity,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await renewOwnSeals(care, identity, signal);
    } catch (error) {
      care.log.error({ err: error }, 'own seals could not be looked at and are tomorrow');
    }
    await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

/** One round. Another store on the database may be at it as well: one of the two is refused. */
export async function renewOwnSeals(
  { server, expiries, trust, keys, clock, log }: SealCare,
  { origins, storeName }: Identity,
  signal: AbortSignal,
): Promise<void> {
  const before = new Date(clock().getTime() + renewedDaysBefore * dayMs);
  const guns = new Set<Gun>();
  for (const kind of kinds) {
    for (const origin of origins) {
      const soon = await expiries.soonest(before, mostPerKind, kind, `${origin}/store/`);
      for (const { gun } of soon) guns.add(gun);
    }
  }
  for (const gun of guns) {
    if (signal.aborted) return;
    const now = clock();
    try {
      const parts = await renewedSeals({ gun, storeName, before, now }, { trust, keys });
      if (parts.size === 0) continue;
      await server.accept(gun, parts, now);
      log.info({ gun, roles: [...parts.keys()] }, 'own seals renewed');
    } catch (error) {
      if (isStoreError(error) && error.code === 'TRUST_VERSION_CONFLICT') {
        log.info({ gun }, 'own seals were published by somebody else first');
        continue;
      }
      const why = isStoreError(error)
        ? { code: error.code, reason: error.message }
        : { err: error };
      log.error({ gun, ...why }, 'own seals could not be renewed and are tried again tomorrow');
    }
  }
}
