import { parseFlags } from '../docker-trust/parse-flags.ts';
import { runDockerTrust } from '../docker-trust/run-docker-trust.ts';
import { exitCodes } from '../exit-codes.ts';
import type { CliWorld } from '../ports.ts';
import { printable } from '../printable.ts';
import { globalFlags } from './global-flags.ts';

/** A command below `countermark docker`. @returns the exit code */
export type DockerMember = (
  args: readonly string[],
  world: CliWorld,
  options: { readonly config?: string | undefined },
) => Promise<number>;

/** What `countermark docker` does itself. */
const members: ReadonlyMap<string, DockerMember> = new Map([
  [
    'trust',
    (args, world, options) => runDockerTrust(args, world, { ...options, title: 'docker trust' }),
  ],
]);

/** `countermark docker [GLOBAL FLAGS] COMMAND ...` @returns the exit code */
export async function runDocker(args: readonly string[], world: CliWorld): Promise<number> {
  const parsed = parseFlags(args, globalFlags, false);
  const [name = '', ...rest] = parsed.kind === 'parsed' ? parsed.args : [];
  const member = members.get(name);
  if (parsed.kind === 'parsed' && member) {
    return await member(rest, world, { config: parsed.flags.text('config') });
  }
  const reason =
    parsed.kind === 'mistaken'
      ? parsed.reason
      : `countermark docker takes one of ${[...members.keys()].join(', ')}`;
  world.printError(`countermark: CLI_USAGE: ${printable(reason)}\n`);
  return exitCodes.usage;
}
