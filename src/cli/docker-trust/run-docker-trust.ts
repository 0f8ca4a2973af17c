import { isStoreError } from '../../base/index.ts';
import { ownOptions } from '../docker/global-flags.ts';
import type { DockerOptions } from '../docker-ports.ts';
import { exitCodeOf } from '../exit-codes.ts';
import type { CliWorld } from '../ports.ts';
import { printable } from '../printable.ts';
import { trustCommandTable } from './commands.ts';
import { type FoundTrustGroup, findTrustCommand, flagsOfGroup } from './find-command.ts';
import { commandHelp, countMistake, flagMistake, groupHelp, unknownCommand } from './help.ts';
import { LineReader } from './line-reader.ts';
import { parseFlags } from './parse-flags.ts';
import { failureWords } from './texts.ts';

export interface TrustProgram extends DockerOptions {
  /** How the program is called in help and mistakes: `docker trust`, or `docker dct`. */
  readonly title: string;
}

/** docker's exit code for a flag that it does not know. */
const flagMistaken = 125;

/**
 * `docker trust ARGS`, with the texts and exit codes of docker 28.2.2.
 * @returns the exit code
 */
export async function runDockerTrust(
  args: readonly string[],
  world: CliWorld,
  { title, ...options }: TrustProgram,
): Promise<number> {
  const found = findTrustCommand(args);
  if (found.kind === 'mistaken') {
    world.printError(`${printable(found.reason)}\n`);
    return 1;
  }
  if (found.kind === 'group') return showGroup(found, world, title);
  const { command } = found;
  const parsed = parseFlags(found.rest, command.flags, true, found.flags);
  if (parsed.kind === 'help') {
    world.print(commandHelp(title, command));
    return 0;
  }
  if (parsed.kind === 'mistaken') {
    world.printError(flagMistake(title, command, printable(parsed.reason)));
    return flagMistaken;
  }
  const { takes } = command;
  const { length } = parsed.args;
  if ('atLeast' in takes ? length < takes.atLeast : length !== takes.exactly) {
    world.printError(countMistake(title, command));
    return 1;
  }
  try {
    using docker = await world.docker({ ...options, ...ownOptions(found.flags) });
    using input = new LineReader(() => world.stdin);
    const say = parsed.flags.isOn('json') ? world.printError : world.print;
    const context = { world, docker, title, input, say };
    return (await command.run(context, parsed.args, parsed.flags)) ?? 0;
  } catch (error) {
    const words = failureWords(error);
    if (words === undefined) throw error;
    world.printError(`${words}\n`);
    return command.isOurs && isStoreError(error) ? exitCodeOf(error) : 1;
  }
}

function showGroup(
  { group, rest, flags }: FoundTrustGroup,
  world: CliWorld,
  title: string,
): number {
  const parsed = parseFlags(rest, flagsOfGroup(group), true, flags);
  const help = groupHelp(title, group, trustCommandTable);
  if (parsed.kind === 'help') world.print(help);
  if (parsed.kind === 'mistaken') {
    const name = group === '' ? title : `${title} ${group}`;
    const reason = printable(parsed.reason);
    world.printError(`${reason}\n\nUsage:  ${name}\n\nRun '${name} --help' for more information\n`);
    return flagMistaken;
  }
  if (parsed.kind !== 'parsed') return 0;
  const [word] = parsed.args;
  world.printError(word === undefined ? help : unknownCommand(title, group, printable(word)));
  return word === undefined ? 0 : 1;
}
