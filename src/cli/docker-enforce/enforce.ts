import { isStoreError, type StoreError } from '../../base/index.ts';
import { wordsFor } from '../docker-trust/texts.ts';
import type { CliWorld, DockerOptions } from '../ports.ts';
import { printable } from '../printable.ts';
import { bakeCommand, buildCommand } from './build.ts';
import { readCommandLine } from './command-line.ts';
import { composeCommand } from './compose.ts';
import { wantsTrust } from './content-trust.ts';
import type { EnforcedCommand } from './enforced-command.ts';
import { pullCommand } from './pull.ts';
import { pushCommand } from './push.ts';
import { createCommand, runCommand } from './run.ts';

const commands: readonly EnforcedCommand[] = [
  pullCommand,
  pushCommand,
  runCommand,
  createCommand,
  buildCommand,
  bakeCommand,
  composeCommand,
];

/** docker's exit code for a flag that it does not know. */
const flagMistaken = 125;

/**
 * `docker ARGS`: with content trust where docker 28 had it and it is wanted, else as the docker that
 * is installed does it.
 *
 * @returns the exit code
 */
export async function enforce(
  args: readonly string[],
  world: CliWorld,
  options: DockerOptions,
): Promise<number> {
  using docker = await world.docker(options);
  const found = findCommand(args);
  if (!found) return await docker.program.run(args);
  const { command, path, words } = found;
  const line = readCommandLine(command, words);
  if (line === 'help') return await docker.program.run(args);
  if ('mistake' in line) {
    world.printError(mistakeOf(command, path, line.mistake));
    return flagMistaken;
  }
  if (!wantsTrust(world.env, line.flags)) return await docker.program.run(args);
  // Not docker's to tell: it could count them differently, and go on.
  if (!isEnough(command.takes, line.args.length)) {
    world.printError(countMistakeOf(command, path));
    return 1;
  }
  try {
    return await command.run({ world, docker, path }, line);
  } catch (error) {
    if (!isStoreError(error)) throw error;
    world.printError(refusalOf(command, path, error));
    return command.refusal.code;
  }
}

function findCommand(args: readonly string[]) {
  for (const command of commands) {
    for (const path of command.paths.map((each) => each.split(' '))) {
      if (!path.every((word, i) => args[i] === word)) continue;
      return { command, path, words: args.slice(path.length) };
    }
  }
  return undefined;
}

function isEnough(takes: EnforcedCommand['takes'], count: number): boolean {
  return takes === 'any' || (takes === 'one' ? count === 1 : count >= 1);
}

function countMistakeOf({ synopsis, takes }: EnforcedCommand, path: readonly string[]): string {
  const title = `docker ${path.join(' ')}`;
  const [wanted, see] = takes === 'one' ? ['1', 'Run'] : ['at least 1', 'See'];
  return `docker: '${title}' requires ${wanted} argument\n\nUsage:  ${title} ${synopsis}\n\n${see} '${title} --help' for more information\n`;
}

function mistakeOf({ synopsis }: EnforcedCommand, path: readonly string[], mistake: string) {
  const title = `docker ${path.join(' ')}`;
  return `${printable(mistake)}\n\nUsage:  ${title} ${synopsis}\n\nRun '${title} --help' for more information\n`;
}

function refusalOf({ refusal }: EnforcedCommand, path: readonly string[], error: StoreError) {
  const { prefix = '', hint = false } = refusal;
  const rest = hint ? `\nRun 'docker ${path.join(' ')} --help' for more information\n` : '';
  return `${prefix}${wordsFor(error)}\n${rest}`;
}
