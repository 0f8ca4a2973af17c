import type { Gun } from '../tuf/index.ts';
import type { ExpiryKind } from './expiry.ts';
import type { Expiry, ExpiryIndex, ServerRole } from './ports.ts';

/** Who can put off an expiry. */
export type Renewer = 'server' | 'publisher' | 'root-owner';

/** What will expire, and what must be done by whom. */
export interface ExpiryLine extends Expiry {
  readonly by: Renewer;
  /** In one sentence, for whoever it is. */
  readonly todo: string;
}

/** What a report reads. */
export interface ExpirySources {
  readonly index: Pick<ExpiryIndex, 'soonest'>;
  /** The trust server: whether it holds the keys that the published root asks for. */
  readonly server: { holdsKeys(gun: Gun, role: ServerRole, now: Date): Promise<boolean> };
}

/**
 * What expires before an instant, soonest first, root certificates included, with what must be done
 * about each.
 */
export async function expiryReport(
  { index, server }: ExpirySources,
  before: Date,
  limit: number,
  now: Date,
): Promise<ExpiryLine[]> {
  const lines: ExpiryLine[] = [];
  for (const expiry of await index.soonest(before, limit)) {
    const { gun, role } = expiry;
    const isServers = role === 'snapshot' || role === 'timestamp';
    const held = isServers && (await server.holdsKeys(gun, role, now));
    lines.push({ ...expiry, ...actionFor(expiry.kind, held, gun, role) });
  }
  return lines;
}

function actionFor(
  kind: ExpiryKind,
  held: boolean,
  gun: string,
  role: string,
): Pick<ExpiryLine, 'by' | 'todo'> {
  if (held) return { by: 'server', todo: 'nothing: the store renews it' };
  switch (kind) {
    case 'timestamp':
      return {
        by: 'root-owner',
        todo: `the store lacks its key: notary key rotate ${gun} timestamp -r`,
      };
    case 'snapshot':
      return { by: 'publisher', todo: `sign again: notary witness ${gun} targets -p` };
    case 'targets':
    case 'delegation':
      return {
        by: 'publisher',
        todo: `sign again: docker trust sign, or notary witness ${gun} ${role} -p`,
      };
    case 'root':
      return { by: 'root-owner', todo: `sign a new root: notary key rotate ${gun} root` };
    case 'root-certificate':
      return {
        by: 'root-owner',
        todo: `rotate the root key before it ends: notary key rotate ${gun} root`,
      };
  }
}
