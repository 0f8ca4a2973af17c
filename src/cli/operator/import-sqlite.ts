import { Command } from 'commander';
import type { CliWorld } from '../ports.ts';

interface Options {
  readonly data: string;
  readonly json?: boolean;
}

/** `import sqlite`: the store's own database, from its file into PostgreSQL. */
export function importSqlite(
  world: Pick<CliWorld, 'isWatched' | 'moveDatabase' | 'print' | 'printError'>,
): Command {
  return new Command('sqlite')
    .description('Move this store into the empty database of COUNTERMARK_DATABASE; stop it first')
    .option('--data <dir>', 'the data folder of the store', './data')
    .action(async (_options: unknown, command: Command) => {
      const { data, json } = command.optsWithGlobals<Options>();
      const moved = await world.moveDatabase(data, (rows) => {
        if (world.isWatched) world.printError(`\r${rows} rows copied\u001b[K`);
      });
      if (world.isWatched) world.printError('\r\u001b[K');
      const { rows, tables, aside } = moved;
      world.print(
        json
          ? `${JSON.stringify(moved, null, 2)}\n`
          : `${rows} rows of ${tables} tables are there, and were read again. The file is now ${aside}.\nStart the store with COUNTERMARK_DATABASE from now on.\n`,
      );
    });
}
