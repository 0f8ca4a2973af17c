import { Command, Option } from 'commander';
import { dayMs } from '../../base/index.ts';
import { cliError } from '../errors.ts';
import type { CliWorld } from '../ports.ts';
import { printable } from '../printable.ts';
import { instant, table } from '../table.ts';
import type { PkiMember } from './ports.ts';
import { collect } from './serve.ts';

interface RenewFlags {
  readonly host?: readonly string[];
  readonly days?: string;
  readonly within?: string;
}

const usualWithin = '90d';

/** `pki init`, `pki client`, `pki list`, `pki renew` and `pki withdraw` */
export function pkiCommands(world: CliWorld): Command {
  const pki = new Command('pki').description('Certificates between signer and trust servers');
  const print = (files: readonly string[]) =>
    world.print(files.map((file) => `wrote ${printable(file)}\n`).join(''));
  pki
    .command('init <dir>')
    .description('Make the authority, and certificates for the signer and one trust server')
    .option('--host <name>', 'a name or address of the signer; repeatable', collect)
    .action(async (folder: string, { host = [] }: { host?: readonly string[] }) =>
      print(await world.pki.init(folder, host)),
    );
  pki
    .command('client <dir> <name>')
    .description('Make a certificate for one more trust server')
    .action(async (folder: string, name: string) => print(await world.pki.addClient(folder, name)));
  pki
    .command('list <dir>')
    .description('What there is, until when it holds, and its fingerprint for grants')
    .action(async (folder: string, _options: unknown, command: Command) => {
      const members = await world.pki.list(folder);
      const { json } = command.optsWithGlobals<{ json?: boolean }>();
      world.print(json ? `${JSON.stringify(members, null, 2)}\n` : listed(members));
    });
  pki
    .command('renew <dir> [name...]')
    .description('Make new certificates for these, or for all that end soon')
    .addOption(
      new Option('--within <days>', 'all that end within this time').default(
        undefined,
        usualWithin,
      ),
    )
    .option('--days <n>', 'how long a new one holds (default: ten years)')
    .option('--host <name>', 'of a signer, instead of those it has; repeatable', collect)
    .action(async (folder: string, names: string[], flags: RenewFlags) => {
      const { days, host } = flags;
      const options = {
        ...(days !== undefined && { days: daysOf(days.replace(/d?$/, 'd'), mostDays) }),
        ...(host !== undefined && { hosts: host }),
      };
      if (host !== undefined && names.length !== 1) throw usage('--host goes with one name');
      if (names.length > 0 && flags.within !== undefined) {
        throw usage('name them or give --within');
      }
      const chosen = names.length > 0 ? names : await endingSoon(world, folder, flags.within);
      for (const name of chosen) print(await world.pki.renew(folder, name, options));
      if (chosen.length === 0) world.print('Nothing ends within that time.\n');
    });
  pki
    .command('withdraw <dir> <name>')
    .description("Let a trust server's certificate, or a fingerprint, call no more")
    .action(async (folder: string, name: string) =>
      print([await world.pki.withdraw(folder, name)]),
    );
  return pki;
}

const mostDays = 3_650;

/** Who was withdrawn comes back only when somebody names them. */
async function endingSoon(
  world: CliWorld,
  folder: string,
  within = usualWithin,
): Promise<string[]> {
  const limit = world.clock().getTime() + daysOf(within, 99_999) * dayMs;
  const members = await world.pki.list(folder);
  const ending = members.filter(({ endsAt, withdrawn }) => endsAt.getTime() <= limit && !withdrawn);
  return ending.map(({ name }) => name);
}

/** @throws StoreError CLI_USAGE */
function daysOf(text: string, most: number): number {
  const days = Number(/^([1-9]\d{0,4})d$/.exec(text)?.[1]);
  if (days <= most) return days;
  throw usage(`"${text}" is not a number of days up to ${most}; write 90d`);
}

function listed(members: readonly PkiMember[]): string {
  const rows = members.map(({ name, use, hosts, endsAt, withdrawn, fingerprint }) => [
    name,
    uses[use],
    withdrawn ? 'withdrawn' : instant(endsAt.toISOString()),
    fingerprint,
    hosts.join(' '),
  ]);
  return table(['NAME', 'IS', 'ENDS', 'FINGERPRINT', 'HOSTS'], rows);
}

const uses = { authority: 'authority', serverAuth: 'signer', clientAuth: 'caller' } as const;

function usage(reason: string) {
  return cliError('CLI_USAGE', { reason: `${reason}; see --help` });
}
