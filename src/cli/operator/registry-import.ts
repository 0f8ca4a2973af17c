import { Command } from 'commander';
import { sizeText } from '../../base/index.ts';
import type { ImportedRepository } from '../../registry/index.ts';
import { exitCodes, type Report } from '../exit-codes.ts';
import type { CliWorld } from '../ports.ts';
import { printable } from '../printable.ts';
import { table } from '../table.ts';
import type { RegistryImportWatch } from './ports.ts';

interface ImportOptions {
  readonly data: string;
  readonly into?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** `registry import`: exit 0 when everything is here, 1 when something was refused. */
export function registryImportCommand(world: CliWorld, report: Report): Command {
  return new Command('import')
    .description("Take over docker-registry's data folder; stop the store first")
    .argument('<folder>', 'its rootdirectory')
    .argument('[name...]', 'only these repositories')
    .option('--data <dir>', 'the data folder of the store', './data')
    .option('--into <namespace>', 'put this before each name')
    .option('--dry-run', 'report, and write nothing')
    .action(async (from: string, names: string[], _options: unknown, command: Command) => {
      const { data, into, dryRun = false, json } = command.optsWithGlobals<ImportOptions>();
      const question = { from, data, names, dryRun, ...(into !== undefined && { into }) };
      const repositories = await world.importRegistry(question, watchOf(world));
      world.print(
        json ? `${JSON.stringify({ dryRun, repositories }, null, 2)}\n` : rendered(repositories),
      );
      const isWhole = repositories.every(({ refused }) => refused.length === 0);
      report(isWhole ? exitCodes.done : exitCodes.no);
    });
}

/** A line that moves where somebody watches, one per repository where nobody does. */
function watchOf({ isWatched, printError }: CliWorld): RegistryImportWatch {
  let bytes = 0;
  let done = 0;
  return {
    copied: (name, sizeBytes) => {
      bytes += sizeBytes;
      if (isWatched) printError(`\r${sizeText(bytes)} copied: ${printable(name)}\u001b[K`);
    },
    done: ({ name }, total) => {
      done += 1;
      const line = `${done} of ${total}  ${printable(name)}  ${sizeText(bytes)} copied`;
      if (!isWatched) printError(`${line}\n`);
      else printError(done === total ? '\r\u001b[K' : `\r${line}\u001b[K`);
    },
  };
}

function rendered(repositories: readonly ImportedRepository[]): string {
  if (repositories.length === 0) return 'The folder has no repositories.\n';
  const rows = repositories.map(({ as, manifests, tags, blobs, bytes, refused }) => [
    as,
    ...[manifests, tags, blobs].map(String),
    sizeText(bytes),
    String(refused.length),
  ]);
  const head = table(['REPOSITORY', 'MANIFESTS', 'TAGS', 'COPIED', 'SIZE', 'REFUSED'], rows);
  const why = repositories.flatMap(({ as, refused }) =>
    refused.map(
      ({ what, code, message }) => `${as} ${printable(what)}: ${code}: ${printable(message)}\n`,
    ),
  );
  return why.length === 0 ? head : `${head}\n${why.join('')}`;
}
