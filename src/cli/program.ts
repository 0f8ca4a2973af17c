import { Command, CommanderError, Option } from 'commander';
import { isStoreError } from '../base/index.ts';
import { addCommands } from './commands.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import type { CliWorld } from './ports.ts';
import { printable } from './printable.ts';
import { versionLine } from './version.ts';

/**
 * Runs one command of the store's own. Actions report how they ended; errors are thrown, commander's
 * own as CommanderError.
 * @param args  without the names of node and of the script
 * @returns     the exit code; what went wrong has been printed, in one line
 */
export async function runProgram(args: readonly string[], world: CliWorld): Promise<number> {
  let exitCode: number = exitCodes.done;
  const program = bareProgram();
  await addCommands(program, args[0], world, (code) => {
    exitCode = code;
  });
  for (const command of everyCommand(program)) {
    command
      .helpCommand(false)
      .exitOverride()
      .configureHelp({ showGlobalOptions: command !== program })
      .configureOutput({ ...screen, writeOut: world.print, writeErr: world.printError });
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    }
    if (!isStoreError(error)) throw error;
    world.printError(`countermark: ${error.code}: ${printable(error.message)}\n`);
    return exitCodeOf(error);
  }
}

/** The program without its commands. */
function bareProgram(): Command {
  const program = new Command('countermark')
    .description('The trusted image store: run one, ask one, verify an image')
    .option('--server <url>', 'the store (or COUNTERMARK_SERVER, else localhost)')
    .option('--cacert <file>', 'PEM certificates that vouch for the store')
    .addOption(new Option('--insecure-localhost', 'the default; it changes nothing').hideHelp())
    .option('--json', 'print JSON')
    .version(versionLine.trimEnd(), '--version')
    .addHelpOption(new Option('-h, --help').hideHelp())
    .addHelpText('after', environmentHelp);
  // Everybody expects it; a line of every command's help is too much for it.
  program.options.find(({ long }) => long === '--version')?.hideHelp();
  return program;
}

function* everyCommand(command: Command): Generator<Command> {
  yield command;
  for (const child of command.commands) yield* everyCommand(child);
}

/** Help has the same lines wherever it is read. */
const screen = { getOutHelpWidth: () => 80, getErrHelpWidth: () => 80, outputError };

/** Commander's errors in the form of ours; help that it prints instead is left as it is. */
function outputError(text: string, write: (text: string) => void): void {
  const reason = /^error: (.*?)\.?\s*$/s.exec(text)?.[1];
  write(reason === undefined ? text : `countermark: CLI_USAGE: ${printable(reason)}; see --help\n`);
}

// No empty line before it: a screen has 24.
const environmentHelp = `Signs in by COUNTERMARK_USER and COUNTERMARK_PASSWORD, else as docker login did
Exit codes: 0 done, 1 refused, 2 out of time, 3 the store not asked, 64 usage.`;
