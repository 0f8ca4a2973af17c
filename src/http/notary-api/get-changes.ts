import type { ChangeQuery } from '../../trust/index.ts';
import { notaryError } from './errors.ts';
import { gunOf } from './params.ts';
import type { Call } from './routes.ts';

const defaultRecords = 100;
const mostRecords = 1000;

/**
 * The changefeed of one GUN or of all. `records` is how many (0 means 100, negative means
 * backwards, at most 1000 are given); `change_id` is where to start (default 0, negative means
 * from the newest backwards). Always oldest first.
 */
export async function getChanges(call: Call) {
  const query = new URL(call.request.raw.url ?? '/', 'http://x').searchParams;
  const records = integerOf('records', query.get('records'));
  const id = integerOf('change_id', query.get('change_id') || '0');
  const changes = await call.trust.changes({
    from: fromOf(id, records),
    limit: Math.min(Math.abs(records) || defaultRecords, mostRecords),
    gun: call.params.has('gun') ? gunOf(call) : undefined,
  });
  return call.reply
    .header('cache-control', 'max-age=0, no-cache, no-store')
    .type('application/json')
    .send(
      JSON.stringify({
        count: changes.length,
        records: changes.map((change) => ({
          ID: String(change.id),
          CreatedAt: change.createdAt.toISOString(),
          GUN: change.gun,
          Version: change.version,
          SHA256: change.sha256 ?? '',
          Category: change.category,
        })),
      }),
    );
}

function fromOf(id: number, records: number): ChangeQuery['from'] {
  if (id < 0) return 'newest';
  if (records >= 0) return { afterId: id };
  return id === 0 ? 'newest' : { beforeId: id };
}

function integerOf(name: string, text: string | null): number {
  if (text === null || !/^[-+]?[0-9]{1,15}$/.test(text)) {
    const found = JSON.stringify((text ?? '').slice(0, 40));
    throw notaryError('NOTARY_INVALID_PARAMETERS', { name, reason: `${found} is not an integer` });
  }
  return Number(text);
}
