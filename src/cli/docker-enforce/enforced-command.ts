import type { DockerTrustWorld } from '../docker-ports.ts';
import type { FlagSpec } from '../docker-trust/parse-flags.ts';
import type { CliWorld } from '../ports.ts';
import type { CommandLine } from './command-line.ts';

/** What an enforced command works with. */
export interface EnforceContext {
  readonly world: CliWorld;
  /** Trust servers, keys and the docker that is installed; one for the whole command. */
  readonly docker: DockerTrustWorld;
  /** The command as it was typed: `pull`, or `image pull`. */
  readonly path: readonly string[];
}

/** One of docker's commands, as docker 28 ran it with content trust. */
export interface EnforcedCommand {
  /** What stands after the path in docker's usage line. */
  readonly synopsis: string;
  /** How many arguments it must have. */
  readonly takes: 'one' | 'any' | 'one or more';
  readonly flags: readonly FlagSpec[];
  /** False: the first argument ends the flags; what follows is a container's. */
  readonly interspersed: boolean;
  /** How it ends when it refuses; `hint` is the command whose help docker names then. */
  readonly refusal: { readonly code: number; readonly prefix?: string; readonly hint?: string };
  /** @returns the exit code. What it throws is printed, and ends it as `refusal` says */
  run(context: EnforceContext, line: CommandLine): Promise<number>;
}
