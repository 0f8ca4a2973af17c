import type { Command } from 'commander';
import type { Report } from './exit-codes.ts';
import type { CliWorld } from './ports.ts';

/** How a command is made; what it is made of is loaded then. */
type Make = (world: CliWorld, report: Report) => Promise<Command>;

/** By their first words, in the order of the help. */
const makers: ReadonlyMap<string, Make> = new Map<string, Make>([
  ['serve', async (world) => (await import('./operator/serve.ts')).serveCommand(world)],
  ['signer', async (world) => (await import('./operator/signer.ts')).signerCommands(world)],
  ['pki', async (world) => (await import('./operator/pki.ts')).pkiCommands(world)],
  ['user', async (world) => (await import('./store/user.ts')).userCommands(world)],
  ['candidate', async (...to) => (await import('./store/candidate.ts')).candidateCommands(...to)],
  ['trust', async (world) => (await import('./store/trust.ts')).trustCommands(world)],
  ['verify', async (...to) => (await import('./verify.ts')).verifyCommand(...to)],
  ['copy', async (...to) => (await import('./copy/copy.ts')).copyCommand(...to)],
  ['import', async (...to) => (await import('./operator/import.ts')).importCommands(...to)],
  ['registry', async (...to) => (await import('./operator/registry.ts')).registryCommands(...to)],
]);

/** The same, of commands that are run once and that no help shows. */
const hiddenMakers: ReadonlyMap<string, Make> = new Map<string, Make>([
  ['plugin', async (world) => (await import('./shell/plugin.ts')).pluginCommands(world)],
  ['shell-init', async (world) => (await import('./shell/shell-init.ts')).shellInitCommand(world)],
]);

/**
 * Gives a program its commands: the one alone that is run, when the first argument says which, and
 * otherwise all, for whoever prints them. A store runs for months with what was loaded for it.
 *
 * @param word  the first argument
 */
export async function addCommands(
  program: Command,
  word: string | undefined,
  world: CliWorld,
  report: Report,
): Promise<void> {
  const only = makers.get(word ?? '') ?? hiddenMakers.get(word ?? '');
  if (only) {
    program.addCommand(await only(world, report));
    return;
  }
  for (const make of makers.values()) program.addCommand(await make(world, report));
  for (const make of hiddenMakers.values()) {
    program.addCommand(await make(world, report), { hidden: true });
  }
  for (const command of await commandsAboutCommands(program, world)) {
    program.addCommand(command, { hidden: true });
  }
  // Its arguments are docker's and are read as docker does, see runCli.
  program.command('docker').description('Docker with content trust; see plugin, shell-init');
}

/** They speak of all that there are when they are run. */
async function commandsAboutCommands(program: Command, world: CliWorld): Promise<Command[]> {
  const { programOutline } = await import('./shell/outline.ts');
  const { completionCommands } = await import('./shell/completion.ts');
  const { manCommand } = await import('./shell/man.ts');
  const outline = () => programOutline(program);
  return [...completionCommands(world, outline), manCommand(world, outline)];
}
