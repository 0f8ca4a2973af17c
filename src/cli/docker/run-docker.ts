import { parseFlags } from '../docker-trust/parse-flags.ts';
import type { CliWorld } from '../ports.ts';
import { printable } from '../printable.ts';
import { globalFlags, globalMistake, ownFlags, ownOptions } from './global-flags.ts';

/** docker's exit code for a flag that it does not know, and what it says behind that. */
const flagMistaken = 125;
const usage =
  "Usage:  docker [OPTIONS] COMMAND [ARG...]\n\nRun 'docker --help' for more information\n";

/**
 * `countermark docker [FLAGS] COMMAND ...`: `docker trust` itself; every other command through the
 * docker that is installed, with content trust where docker 28 had it.
 *
 * @returns the exit code
 */
export async function runDocker(args: readonly string[], world: CliWorld): Promise<number> {
  const parsed = parseFlags(args, [...globalFlags, ...ownFlags], false);
  if (parsed.kind === 'mistaken') {
    world.printError(`${printable(parsed.reason)}\n\n${usage}`);
    return flagMistaken;
  }
  if (parsed.kind === 'help') return await (await enforcement()).help(args, world, {});
  const mistake = globalMistake(parsed.flags);
  if (mistake !== undefined) {
    world.printError(`${printable(mistake)}\n`);
    return 1;
  }
  const before = args.slice(0, parsed.positions[0] ?? args.length);
  const ours = parsed.spans.filter(({ from }) => isOwn(args[from] ?? ''));
  const options = {
    config: parsed.flags.text('config'),
    globals: before.filter((_, i) => !ours.some(({ from, to }) => from <= i && i < to)),
    ...ownOptions(parsed.flags),
  };
  const [name, ...rest] = parsed.args;
  if (name === 'trust') {
    const { runDockerTrust } = await import('../docker-trust/run-docker-trust.ts');
    return await runDockerTrust(rest, world, { ...options, title: 'docker trust' });
  }
  return await (await enforcement()).enforce(parsed.args, world, options);
}

/** Neither this nor `docker trust` is loaded for the other: both are large. */
function enforcement() {
  return import('../docker-enforce/enforce.ts');
}

function isOwn(word: string): boolean {
  return ownFlags.some(({ name }) => word === `--${name}` || word.startsWith(`--${name}=`));
}
