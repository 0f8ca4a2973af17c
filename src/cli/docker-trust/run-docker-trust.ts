import { isStoreError } from '../../base/index.ts';
import { ownFlags, ownOptions } from '../docker/global-flags.ts';
import type { DockerOptions } from '../docker-ports.ts';
import { exitCodeOf } from '../exit-codes.ts';
import type { CliWorld } from '../ports.ts';
import { printable } from '../printable.ts';
import type { TrustCommand } from './command.ts';
import { trustCommandTable } from './commands.ts';
import {
  commandHelp,
  countMistake,
  flagMistake,
  groupHelp,
  groups,
  unknownCommand,
} from './help.ts';
import { LineReader } from './line-reader.ts';
import { parseFlags } from './parse-flags.ts';
import { wordsFor } from './texts.ts';

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
  const before = parseFlags(args, ownFlags, false);
  const found = findCommand(before.kind === 'parsed' ? before.args : args);
  if (found.kind === 'group') return showGroup(found, world, title);
  const { command } = found;
  const parsed = parseFlags(found.rest, command.flags);
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
    const own = before.kind === 'parsed' ? ownOptions(before.flags) : {};
    using docker = await world.docker({ ...options, ...own });
    using input = new LineReader(() => world.stdin);
    const say = parsed.flags.isOn('json') ? world.printError : world.print;
    const context = { world, docker, title, input, say };
    return (await command.run(context, parsed.args, parsed.flags)) ?? 0;
  } catch (error) {
    if (!isStoreError(error)) throw error;
    world.printError(`${wordsFor(error)}\n`);
    return command.isOurs ? exitCodeOf(error) : 1;
  }
}

type Found =
  | { readonly kind: 'command'; readonly command: TrustCommand; readonly rest: readonly string[] }
  | { readonly kind: 'group'; readonly group: string; readonly rest: readonly string[] };

function findCommand(args: readonly string[]): Found {
  for (const depth of [2, 1]) {
    const path = args.slice(0, depth).join(' ');
    const command = trustCommandTable.find((row) => row.path === path);
    if (command) return { kind: 'command', command, rest: args.slice(depth) };
  }
  const [first = '', ...rest] = args;
  const isGroup = first !== '' && Object.hasOwn(groups, first);
  return isGroup ? { kind: 'group', group: first, rest } : { kind: 'group', group: '', rest: args };
}

function showGroup(
  { group, rest }: { readonly group: string; readonly rest: readonly string[] },
  world: CliWorld,
  title: string,
): number {
  const parsed = parseFlags(rest, group === '' ? ownFlags : []);
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
