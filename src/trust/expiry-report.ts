import { dayMs, isStoreError } from '../base/index.ts';
import { type DelegationName, type Gun, isDelegation } from '../tuf/index.ts';
import { isSignerAway } from './errors.ts';
import { type ExpiryKind, expiryKinds } from './expiry.ts';
import type { Expiry, ExpiryIndex, ServerRole } from './ports.ts';
import { shellWord } from './shell-word.ts';

/** Timestamps are renewed with more than three days left. */
const timestampDays = 3;

/** What the store itself signed is renewed long before this; if not, its operator must see why. */
const ownDays = 150;

/** Who can put off an expiry; the operator by bringing the signer back. Nobody need where none reads. */
export type Renewer = 'server' | 'operator' | 'publisher' | 'root-owner' | 'nobody';

/** What will expire, and what must be done by whom. */
export interface ExpiryLine extends Expiry {
  readonly by: Renewer;
  /** In one sentence, for whoever it is. */
  readonly todo: string;
}

/** What a report reads. */
export interface ExpirySources {
  readonly index: Pick<ExpiryIndex, 'soonest'>;
  /** The trust server. */
  readonly server: {
    /** Whether it holds the keys that the published root asks for. */
    holdsKeys(gun: Gun, role: ServerRole, now: Date): Promise<boolean>;
    /** Whether the roles above a delegation still name it. */
    isNamed(gun: Gun, role: DelegationName): Promise<boolean>;
  };
  /** Who holds the keys, when it is not the server: what is known of keys does not tell it is there. */
  readonly signer?: { isServing(): Promise<boolean> } | undefined;
  /** Whether the store itself is the publisher, and renews what it signed; of none, unless told. */
  readonly isOwn?: ((gun: Gun) => boolean) | undefined;
}

/**
 * What expires before an instant, soonest first, root certificates included, with what must be done
 * about each.
 */
export async function expiryReport(
  { index, ...holders }: ExpirySources,
  before: Date,
  limit: number,
  now: Date,
): Promise<ExpiryLine[]> {
  return await linesOf(await index.soonest(before, limit), holders, now);
}

/**
 * What somebody should look at, soonest first: what expires within so many days, but of timestamps
 * only those that should have been renewed by now. For alarms, where timestamps that the store renews
 * all the time would hide the rest.
 */
export async function urgentExpiries(
  { index, ...holders }: ExpirySources,
  days: number,
  limit: number,
  now: Date,
): Promise<ExpiryLine[]> {
  const found: Expiry[] = [];
  for (const kind of expiryKinds) {
    const within = kind === 'timestamp' ? timestampDays : days;
    const before = new Date(now.getTime() + within * dayMs);
    found.push(...(await index.soonest(before, limit, kind)));
  }
  const soonest = found.sort((a, b) => a.expiresAt.getTime() - b.expiresAt.getTime());
  return await linesOf(soonest.slice(0, limit), holders, now);
}

async function linesOf(
  expiries: readonly Expiry[],
  holders: Omit<ExpirySources, 'index'>,
  now: Date,
): Promise<ExpiryLine[]> {
  const lines: ExpiryLine[] = [];
  const holds = asking(holders, now);
  for (const expiry of expiries) {
    const { gun, kind, role } = expiry;
    if (isDelegation(role) && !(await holders.server.isNamed(gun, role))) {
      lines.push({
        ...expiry,
        by: 'nobody',
        todo: 'nothing: no role names it, so nobody reads it',
      });
      continue;
    }
    const isServers = role === 'snapshot' || role === 'timestamp';
    if (!isServers && holders.isOwn?.(gun)) {
      lines.push({ ...expiry, ...ownAction(expiry, now) });
      continue;
    }
    const held = isServers ? await holds(gun, role) : 'no';
    lines.push({ ...expiry, ...actionFor(kind, held, gun, role) });
  }
  return lines;
}

const renewedByServer = { by: 'server', todo: 'nothing: the store renews it' } as const;

/** Whether the server can sign; or why its signer did not say. */
type Held = 'yes' | 'no' | { readonly reason: string };

/** Once the signer did not answer at all, nobody waits for it again in the same report. */
function asking({ server, signer }: Pick<ExpirySources, 'server' | 'signer'>, now: Date) {
  let away: Held | undefined;
  let isAsked = signer === undefined;
  const answer = async (work: () => Promise<boolean>): Promise<Held> => {
    try {
      return (await work()) ? 'yes' : 'no';
    } catch (error) {
      if (!isStoreError(error) || error.code !== 'TRUST_SIGNER_UNAVAILABLE') throw error;
      const held = { reason: String(error.detail.reason) };
      if (isSignerAway(error)) away = held;
      return held;
    }
  };
  return async (gun: Gun, role: ServerRole): Promise<Held> => {
    if (signer && !isAsked) {
      isAsked = true;
      const serving = await answer(() => signer.isServing());
      if (serving !== 'yes') away = serving === 'no' ? { reason: 'NOT_SERVING' } : serving;
    }
    return away ?? (await answer(() => server.holdsKeys(gun, role, now)));
  };
}

function ownAction({ gun, expiresAt }: Expiry, now: Date): Pick<ExpiryLine, 'by' | 'todo'> {
  if (expiresAt.getTime() > now.getTime() + ownDays * dayMs) return renewedByServer;
  const todo = `the store should have signed ${gun} again by now: its log says why it could not`;
  return { by: 'operator', todo };
}

function actionFor(
  kind: ExpiryKind,
  held: Held,
  gun: string,
  role: string,
): Pick<ExpiryLine, 'by' | 'todo'> {
  if (held === 'yes') return renewedByServer;
  if (held !== 'no') {
    const todo = `the signer does not answer for ${gun} (${held.reason}): see to it, then the store renews it`;
    return { by: 'operator', todo };
  }
  switch (kind) {
    case 'timestamp':
      return {
        by: 'root-owner',
        todo: `the store lacks its key: notary key rotate ${shellWord(gun)} timestamp -r`,
      };
    case 'snapshot':
      return { by: 'publisher', todo: `sign again: notary witness ${shellWord(gun)} targets -p` };
    case 'targets':
    case 'delegation':
      return {
        by: 'publisher',
        todo: `sign again: docker trust sign, or notary witness ${shellWord(gun)} ${role} -p`,
      };
    case 'root':
      return {
        by: 'root-owner',
        todo: `sign a new root: notary key rotate ${shellWord(gun)} root`,
      };
    case 'root-certificate':
      return {
        by: 'root-owner',
        todo: `rotate the root key before it ends: notary key rotate ${shellWord(gun)} root`,
      };
  }
}
