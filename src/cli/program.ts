import { Command, CommanderError, Option } from 'commander';
import { isStoreError } from '../base/index.ts';
import { candidateCommands } from './candidate.ts';
import { completionCommands } from './completion.ts';
import { copyCommand } from './copy.ts';
import { trustCommandTable } from './docker-trust/commands.ts';
import { exitCodeOf, exitCodes, type Report } from './exit-codes.ts';
import { importCommands } from './import.ts';
import { manCommand } from './man.ts';
import { type Outline, outlineOf, trustOutline } from './outline.ts';
import { pkiCommands } from './pki.ts';
import { pluginCommands } from './plugin.ts';
import type { CliWorld } from './ports.ts';
import { printable } from './printable.ts';
import { registryCommands } from './registry.ts';
import { serveCommand } from './serve.ts';
import { shellInitCommand } from './shell-init.ts';
import { signerCommands } from './signer.ts';
import { trustCommands } from './trust.ts';
import { userCommands } from './user.ts';
import { verifyCommand } from './verify.ts';
import { versionLine } from './version.ts';

/**
 * The program with all its commands. Actions report how they ended; errors are thrown, commander's
 * own as CommanderError.
 */
export function createProgram(world: CliWorld, report: Report): Command {
  const program = new Command('countermark')
    .description('The trusted image store: run one, ask one, verify an image')
    .option('--server <url>', 'the store (or COUNTERMARK_SERVER, else localhost)')
    .option('--cacert <file>', 'PEM certificates that vouch for the store')
    .addOption(new Option('--insecure-localhost', 'the default; it changes nothing').hideHelp())
    .option('--json', 'print JSON')
    .version(versionLine.trimEnd(), '--version')
    .addHelpOption(new Option('-h, --help').hideHelp())
    .addHelpText('after', environmentHelp);
  const outline = () => withTrust(outlineOf(program));
  // Everybody expects it; a line of every command's help is too much for it.
  program.options.find(({ long }) => long === '--version')?.hideHelp();
  program.addCommand(serveCommand(world));
  program.addCommand(signerCommands(world));
  program.addCommand(pkiCommands(world));
  program.addCommand(userCommands(world));
  program.addCommand(candidateCommands(world, report));
  program.addCommand(trustCommands(world));
  program.addCommand(verifyCommand(world, report));
  program.addCommand(copyCommand(world, report));
  program.addCommand(importCommands(world, report));
  program.addCommand(registryCommands(world, report));
  program.addCommand(pluginCommands(world), { hidden: true });
  program.addCommand(shellInitCommand(world), { hidden: true });
  for (const command of completionCommands(world, outline)) {
    program.addCommand(command, { hidden: true });
  }
  program.addCommand(manCommand(world, outline), { hidden: true });
  // Its arguments are docker's and are read as docker does, see runCli.
  program.command('docker').description('Docker with content trust; see plugin, shell-init');
  for (const command of everyCommand(program)) {
    command
      .helpCommand(false)
      .exitOverride()
      .configureHelp({ showGlobalOptions: command !== program })
      .configureOutput({ ...screen, writeOut: world.print, writeErr: world.printError });
  }
  return program;
}

/**
 * Runs one command of the store's own.
 * @param args  without the names of node and of the script
 * @returns     the exit code; what went wrong has been printed, in one line
 */
export async function runProgram(args: readonly string[], world: CliWorld): Promise<number> {
  let exitCode: number = exitCodes.done;
  const program = createProgram(world, (code) => {
    exitCode = code;
  });
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

/** The commands of docker trust stand in a table of their own. */
function withTrust(root: Outline): Outline {
  const trust = trustOutline('trust', trustCommandTable);
  const commands = root.commands.map((each) =>
    each.name === 'docker' ? { ...each, commands: [trust] } : each,
  );
  return { ...root, commands };
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
