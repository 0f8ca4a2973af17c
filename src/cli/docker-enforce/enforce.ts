import type { DockerOptions } from '../docker-ports.ts';
import { failureWords } from '../docker-trust/texts.ts';
import type { CliWorld } from '../ports.ts';
import { printable } from '../printable.ts';
import { readCommandLine } from './command-line.ts';
import { mayWantTrust, trustFlag, wantsTrust } from './content-trust.ts';
import type { EnforcedCommand } from './enforced-command.ts';
import { findCommand } from './find-command.ts';

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
  if (!mayWantTrust(world.env, args)) return await asTyped(args, world, options);
  const found = await findCommand(args);
  if (!found) return await asTyped(args, world, options);
  if (found === 'help') return await help(args, world, options);
  if ('mistake' in found) {
    world.printError(`${printable(found.mistake)}\n`);
    return flagMistaken;
  }
  const { command, path, words } = found;
  const line = readCommandLine(command, words);
  if (line === 'help') return await help(args, world, options);
  if ('mistake' in line) {
    world.printError(mistakeOf(command, path, line.mistake));
    return flagMistaken;
  }
  if (!wantsTrust(world.env, line.flags)) {
    if (line.flags.text(trustFlag) === undefined) return await asTyped(args, world, options);
    // Without the flag, of which docker 29 complains: the variable tells older ones the same.
    using docker = await world.docker(options);
    return await docker.program.run([...path, ...line.withFlags([], [])]);
  }
  // Not docker's to tell: it could count them differently, and go on.
  if (!isEnough(command.takes, line.args.length)) {
    world.printError(countMistakeOf(command, path));
    return 1;
  }
  using docker = await world.docker(options);
  try {
    return await command.run({ world, docker, path }, line);
  } catch (error) {
    const words = failureWords(error);
    if (words === undefined) throw error;
    world.printError(refusalOf(command, words));
    return command.refusal.code;
  }
}

/** `docker ARGS` as it is, for whoever asks for help. @returns the exit code */
export async function help(
  args: readonly string[],
  world: CliWorld,
  options: DockerOptions,
): Promise<number> {
  if (!args.some((word) => helpTakenBack.test(word))) return await asTyped(args, world, options);
  world.printError('--help is asked for and taken back: leave one of the two out\n');
  return flagMistaken;
}

/** docker has one flag for all levels of a command, and the last one counts: it would go to work. */
const helpTakenBack = /^(--help|-[A-Za-z]*h)=(0|f|F|false|False|FALSE)$/;

/** With the variable as it is: before docker 29 it counts for commands that are none of these. */
async function asTyped(args: readonly string[], world: CliWorld, options: DockerOptions) {
  using docker = await world.docker(options);
  const { DOCKER_CONTENT_TRUST: wish } = world.env;
  const variables = wish === undefined ? {} : { DOCKER_CONTENT_TRUST: wish };
  return await docker.program.run(args, { variables });
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

function refusalOf({ refusal }: EnforcedCommand, words: string) {
  const { prefix = '', hint } = refusal;
  const rest = hint ? `\nRun '${hint} --help' for more information\n` : '';
  return `${prefix}${words}\n${rest}`;
}
