import { counted } from '../../base/index.ts';
import { ownFlagsHelp } from '../docker/global-flags.ts';
import type { TrustCommand } from './command.ts';

/** The groups of commands; `''` is the program itself. */
export const groups: Readonly<Record<string, string>> = {
  '': 'Manage trust on Docker images',
  delegation: 'Manage who may sign which tags',
  key: 'Manage keys for signing Docker images',
  signer: 'Manage entities who can sign Docker images',
};

/** @param program  `docker trust` or `docker dct` */
export function groupHelp(
  program: string,
  group: string,
  commands: readonly TrustCommand[],
): string {
  const title = group === '' ? program : `${program} ${group}`;
  const inner = Object.entries(groups).filter(([name]) => group === '' && name !== '');
  const own = commands
    .filter(({ path }) => path.split(' ').slice(0, -1).join(' ') === group)
    .map(({ path, summary }) => [path.split(' ').at(-1) ?? '', summary] as [string, string]);
  return [
    `Usage:  ${title} COMMAND\n\n${groups[group]}\n`,
    ...(inner.length === 0 ? [] : [`\nManagement Commands:\n${listed(inner)}`]),
    `\nCommands:\n${listed(own)}`,
    ...(group === '' ? [`\nOptions:\n${ownFlagsHelp}`] : []),
    `\nRun '${title} COMMAND --help' for more information on a command.\n`,
  ].join('');
}

export function commandHelp(program: string, command: TrustCommand): string {
  const options = command.options === '' ? '' : `\nOptions:\n${command.options}`;
  return `Usage:  ${usageOf(program, command)}\n\n${command.summary}\n${options}`;
}

/** For mistakes in flags. */
export function flagMistake(program: string, command: TrustCommand, reason: string): string {
  const title = `${program} ${command.path}`;
  return `${reason}\n\nUsage:  ${usageOf(program, command)}\n\nRun '${title} --help' for more information\n`;
}

/** For a wrong number of arguments. */
export function countMistake(program: string, command: TrustCommand): string {
  const title = `${program} ${command.path}`;
  const { takes } = command;
  const isLeast = 'atLeast' in takes;
  const count = isLeast ? takes.atLeast : takes.exactly;
  const wanted = `${isLeast ? 'at least ' : ''}${counted(count, 'argument')}`;
  return [
    `docker: '${title}' requires ${wanted}\n`,
    `\nUsage:  ${usageOf(program, command)}\n`,
    `\n${isLeast ? 'See' : 'Run'} '${title} --help' for more information\n`,
  ].join('');
}

export function unknownCommand(program: string, group: string, word: string): string {
  const title = group === '' ? program : `${program} ${group}`;
  return `docker: unknown command: ${title} ${word}\n\nUsage:  ${title}\n\nRun '${title} --help' for more information\n`;
}

function usageOf(program: string, { path, synopsis }: TrustCommand): string {
  return `${program} ${path} ${synopsis}`;
}

function listed(rows: readonly (readonly [string, string])[]): string {
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([name, summary]) => `  ${name.padEnd(11)} ${summary}\n`).join('');
}
