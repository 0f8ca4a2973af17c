import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { systemCodeOf } from '../../base/index.ts';
import type { ImportWatch, RepositoryPlan } from '../../trust/index.ts';
import { type CommonOptions, parseServer, trustOf } from '../context.ts';
import { cliError } from '../errors.ts';
import { exitCodes, type Report } from '../exit-codes.ts';
import type { CliWorld } from '../ports.ts';
import { printable } from '../printable.ts';
import { importSqlite } from './import-sqlite.ts';
import type { ImportQuestion } from './ports.ts';
import { renderPlans, renderWritten } from './render-import.ts';

interface ImportOptions extends CommonOptions {
  readonly data: string;
  readonly from?: string;
  readonly serverDump?: string;
  readonly serverDb?: string;
  readonly signerDump?: string;
  readonly signerDb?: string;
  readonly trustFolder?: string;
  readonly gunsFile?: string;
  readonly prefix?: string;
  readonly dryRun?: boolean;
}

/** `import notary`: exit 0 when every repository that was asked for is here, 1 when one is not. */
export function importCommands(world: CliWorld, report: Report): Command {
  const notary = new Command('notary')
    .description('Take repositories over from Notary, all or those named; stop the store first')
    .argument('[gun...]')
    .option('--data <dir>', 'the data folder of the store', './data')
    .option('--from <url>', 'a Notary server')
    .option('--server-dump <file>', "dump of notary-server's database")
    .option('--server-db <url>', '... or the database: postgres://, mysql://')
    .option('--signer-dump <file>', "dump of notary-signer's database")
    .option('--signer-db <url>', '... or the database')
    .option('--trust-folder <dir>', "a client's folder: ~/.docker/trust")
    .option('--guns-file <file>', 'only these, one per line')
    .option('--prefix <text>', 'only those that begin so')
    .option('--dry-run', 'report, and write nothing')
    .action(async (guns: string[], _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ImportOptions>();
      const question = await questionOf(guns, options, world);
      const plans = await world.importNotary(question, watchOf(world, options));
      if (options.json) {
        const answer = { dryRun: question.dryRun, repositories: plans };
        world.print(`${JSON.stringify(answer, null, 2)}\n`);
      } else if (!question.dryRun && plans.length > 0) world.print(renderWritten(plans));
      const isWhole = plans.length > 0 && plans.every(({ state }) => state !== 'refused');
      report(isWhole ? exitCodes.done : exitCodes.no);
    });
  return new Command('import')
    .description('Bring data from other systems')
    .addCommand(notary)
    .addCommand(importSqlite(world));
}

async function questionOf(
  named: readonly string[],
  options: ImportOptions,
  world: CliWorld,
): Promise<ImportQuestion> {
  const { data, prefix, from, serverDump, serverDb, signerDump, signerDb, trustFolder } = options;
  const sources = [from, serverDump, serverDb, trustFolder].filter(
    (source) => source !== undefined,
  );
  if (sources.length !== 1) {
    throw usage('give one of --from, --server-dump, --server-db, --trust-folder');
  }
  if (signerDump !== undefined && signerDb !== undefined) {
    throw usage('give one of --signer-dump and --signer-db');
  }
  if ((signerDump ?? signerDb) !== undefined && (from ?? trustFolder) !== undefined) {
    throw usage('the signer database goes with --server-dump or --server-db');
  }
  const guns = [...named, ...(await gunsIn(options.gunsFile))];
  if (from !== undefined && guns.length === 0 && prefix === undefined) {
    throw usage('with --from, name repositories, or give --guns-file or --prefix');
  }
  const here = parseServer(options.server ?? world.env.COUNTERMARK_SERVER ?? defaultServer).origin;
  return {
    ...{ data, guns, here, dryRun: options.dryRun ?? false },
    ...(from !== undefined && { from }),
    ...(serverDump !== undefined && { serverDump }),
    ...(serverDb !== undefined && { serverDb }),
    ...(trustFolder !== undefined && { trustFolder }),
    ...(signerDump !== undefined && { signerDump }),
    ...(signerDb !== undefined && { signerDb }),
    ...(prefix !== undefined && { prefix }),
    ...(await trustOf(options.cacert)),
  };
}

const defaultServer = 'https://localhost:5443';

function usage(reason: string) {
  return cliError('CLI_USAGE', { reason: `${reason}; see --help` });
}

async function gunsIn(file: string | undefined): Promise<string[]> {
  if (file === undefined) return [];
  try {
    const lines = (await readFile(file, 'utf8')).split('\n').map((line) => line.trim());
    return lines.filter((line) => line !== '' && !line.startsWith('#'));
  } catch (cause) {
    const reason = systemCodeOf(cause) ?? 'unreadable';
    throw cliError('CLI_FILE', { file, reason }, cause);
  }
}

/** A bar where somebody watches, a line per repository where nobody does. */
function watchOf(world: CliWorld, { json }: ImportOptions): ImportWatch {
  const { isWatched } = world;
  return {
    looked: (plan, count) => {
      if (isWatched) world.printError(`\r${count} looked at: ${shown(plan)}\u001b[K`);
    },
    planned: (plans) => {
      if (isWatched) world.printError('\r\u001b[K');
      if (!json) world.print(renderPlans(plans));
    },
    wrote: (plan, count, total) => {
      const end = plan.written === undefined ? 'refused' : `${plan.written} files`;
      const text = `${count} of ${total}  ${shown(plan)}  ${end}`;
      if (!isWatched) return world.printError(`${text}\n`);
      const filled = Math.floor((count / total) * barWidth);
      const bar = `[${'#'.repeat(filled)}${' '.repeat(barWidth - filled)}]`;
      world.printError(`\r${bar} ${text}\u001b[K${count === total ? '\n' : ''}`);
    },
  };
}

const barWidth = 24;

function shown({ gun }: RepositoryPlan): string {
  return printable(gun).slice(0, 100);
}
