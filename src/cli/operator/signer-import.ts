import { Command } from 'commander';
import { counted } from '../../base/index.ts';
import { cliError } from '../errors.ts';
import type { CliWorld } from '../ports.ts';
import type { MovedKeys, MoveQuestion, SignerFlags } from './ports.ts';

interface ImportOptions extends SignerFlags {
  readonly json?: boolean;
  readonly fromStore?: string;
  readonly fromSigner?: string;
  readonly notaryDump?: string;
  readonly notaryDb?: string;
  readonly dryRun?: boolean;
  readonly removeFromStore?: boolean;
}

/** `signer import`: keys that somebody else holds, all or none. */
export function signerImportCommand(
  world: Pick<CliWorld, 'isWatched' | 'moveKeys' | 'print' | 'printError'>,
): Command {
  return new Command('import')
    .description('Move keys of snapshots and timestamps into the signer, all or none')
    .option('--from-store <dir>', 'data folder of a store that holds them; stop it first')
    .option('--notary-db <url>', "notary-signer's database: postgres://, mysql://")
    .option('--notary-dump <file>', '... or a dump of it')
    .option('--from-signer <dir>', 'data folder of another signer')
    .option('--remove-from-store', 'afterwards the store holds them no more')
    .option('--dry-run', 'try every key, and write nothing')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ImportOptions>();
      const question = questionOf(options);
      const moved = await world.moveKeys(question, (count) => {
        if (world.isWatched && count % 100 === 0) world.printError(`\r${count} keys tried`);
      });
      if (world.isWatched && moved.moved + moved.there >= 100) world.printError('\r\u001b[K');
      if (options.json) {
        world.print(`${JSON.stringify({ dryRun: question.dryRun, ...moved }, null, 2)}\n`);
      } else world.print(renderMoved(question, moved));
    });
}

function questionOf(options: ImportOptions): MoveQuestion {
  const { data, defaultAlias, fromStore, fromSigner, notaryDump, notaryDb } = options;
  const { dryRun = false, removeFromStore = false } = options;
  const sources = [fromStore, fromSigner, notaryDump, notaryDb].filter(
    (source) => source !== undefined,
  );
  if (sources.length !== 1) {
    throw usage('give one of --from-store, --notary-db, --notary-dump, --from-signer');
  }
  if (removeFromStore && fromStore === undefined) {
    throw usage('--remove-from-store goes with --from-store');
  }
  return {
    ...{ data, dryRun, removeFromStore },
    ...(defaultAlias !== undefined && { defaultAlias }),
    ...(fromStore !== undefined && { fromStore }),
    ...(fromSigner !== undefined && { fromSigner }),
    ...(notaryDump !== undefined && { notaryDump }),
    ...(notaryDb !== undefined && { notaryDb }),
  };
}

function usage(reason: string) {
  return cliError('CLI_USAGE', { reason: `${reason}; see --help` });
}

/** What is in the signer now, and what is left to do. */
function renderMoved(question: MoveQuestion, { moved, there, repositories, removed }: MovedKeys) {
  const all = `${counted(moved + there, 'key')} of ${counted(repositories, 'repository', 'repositories')}`;
  if (moved + there === 0) return 'There are no keys to move.\n';
  if (question.dryRun) {
    return `${all} can be moved, ${there} of them there already; each has signed a trial text.\nNothing was written.\n`;
  }
  const lines = [`${all} in the signer, ${moved} of them moved now; each has signed a trial text.`];
  if (removed > 0) lines.push(`${removed} removed from the store: the signer alone holds them.`);
  else lines.push('Next:', ...nextSteps(question).map((step, at) => `  ${at + 1}. ${step}`));
  return `${lines.join('\n')}\n`;
}

function nextSteps({ fromStore, fromSigner }: MoveQuestion): string[] {
  const start = 'Start the signer, and the store with --signer HOST:PORT --signer-pki DIR.';
  if (fromStore !== undefined) {
    return [
      start,
      'Publish something with a client that knows the repository: it must notice nothing.',
      `Stop the store and run this again with --remove-from-store. Until then whoever has
     its data folder has the keys as well; so does whoever has an older backup of it.`,
    ];
  }
  if (fromSigner !== undefined) {
    return [
      start,
      'Publish something with a client that knows the repository: it must notice nothing.',
      'Destroy the other signer.sqlite: two copies are one too many.',
    ];
  }
  return [
    'Stop notary-signer before anything else is published: keys it makes now would stay there.',
    'Start this signer where notary-server looks for it, or the store with --signer.',
    'Publish something with a client that knows the repository: it must notice nothing.',
    'Destroy the table private_keys of the old database when you will not go back.',
  ];
}
