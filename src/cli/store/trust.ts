import { Command } from 'commander';
import type { ExpiryJson } from '../../http/store-api/index.ts';
import { ask } from '../context.ts';
import { cliError } from '../errors.ts';
import type { CliWorld } from '../ports.ts';
import { instant, table } from '../table.ts';

/** `trust expiry` */
export function trustCommands(world: CliWorld): Command {
  const trust = new Command('trust').description('What the trust server holds');
  trust
    .command('expiry')
    .description('What expires, soonest first, and what must be done by whom')
    .option('--within <days>', 'as 30d', '180d')
    .option('--limit <n>', 'so many lines, up to 10000', '500')
    .action(async (options: ExpiryOptions, command: Command) => {
      const query = { within: parseDays(options.within), limit: options.limit };
      await ask(world, command, (store) => store.get<ExpiryJson[]>('/trust/expiry', query), list);
    });
  return trust;
}

interface ExpiryOptions {
  readonly within: string;
  readonly limit: string;
}

/** @throws StoreError CLI_USAGE */
function parseDays(text: string): string {
  const days = /^([1-9]\d{0,4})d$/.exec(text)?.[1];
  if (days !== undefined) return days;
  throw cliError('CLI_USAGE', { reason: `"${text}" is not a number of days; write 30d` });
}

function list(expiries: readonly ExpiryJson[]): string {
  if (expiries.length === 0) return 'Nothing expires within that time.\n';
  const rows = expiries.map(({ gun, kind, role, expiresAt, by, todo }) => [
    instant(expiresAt),
    gun,
    kind === 'root-certificate' ? 'root certificate' : role,
    by,
    todo,
  ]);
  return table(['EXPIRES', 'GUN', 'WHAT', 'BY', 'TO DO'], rows);
}
