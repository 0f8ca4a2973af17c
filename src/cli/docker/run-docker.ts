import { enforce, help } from '../docker-enforce/enforce.ts';
import { parseFlags } from '../docker-trust/parse-flags.ts';
import { runDockerTrust } from '../docker-trust/run-docker-trust.ts';
import { exitCodes } from '../exit-codes.ts';
import type { CliWorld } from '../ports.ts';
import { printable } from '../printable.ts';
import { globalFlags, ownFlags, ownOptions } from './global-flags.ts';

/**
 * `countermark docker [FLAGS] COMMAND ...`: `docker trust` itself; every other command through the
 * docker that is installed, with content trust where docker 28 had it.
 *
 * @returns the exit code
 */
export async function runDocker(args: readonly string[], world: CliWorld): Promise<number> {
  const parsed = parseFlags(args, [...globalFlags, ...ownFlags], false);
  if (parsed.kind === 'mistaken') {
    world.printError(`countermark: CLI_USAGE: ${printable(parsed.reason)}\n`);
    return exitCodes.usage;
  }
  if (parsed.kind === 'help') return await help(args, world, {});
  const before = args.slice(0, parsed.positions[0] ?? args.length);
  const ours = parsed.spans.filter(({ from }) => isOwn(args[from] ?? ''));
  const options = {
    config: parsed.flags.text('config'),
    globals: before.filter((_, i) => !ours.some(({ from, to }) => from <= i && i < to)),
    ...ownOptions(parsed.flags),
  };
  const [name, ...rest] = parsed.args;
  if (name === 'trust') {
    return await runDockerTrust(rest, world, { ...options, title: 'docker trust' });
  }
  return await enforce(parsed.args, world, options);
}

function isOwn(word: string): boolean {
  return ownFlags.some(({ name }) => word === `--${name}` || word.startsWith(`--${name}=`));
}
