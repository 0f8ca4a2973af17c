import type { DockerTrustWorld } from '../docker-ports.ts';
import type { CliWorld } from '../ports.ts';
import type { LineReader } from './line-reader.ts';
import type { FlagSpec, Flags } from './parse-flags.ts';

/** What a command of `docker trust` works with. */
export interface TrustContext {
  readonly world: CliWorld;
  /** Trust servers, keys and docker itself; one for the whole command, so one TLS connection. */
  readonly docker: DockerTrustWorld;
  readonly input: LineReader;
  /** Tells people what is done, and asks them: on standard error with `--json`, since output is data then. */
  readonly say: (text: string) => void;
  /** How the program is called, for commands that tell another: `docker trust`, `docker dct`. */
  readonly title: string;
}

/** One command of `docker trust`, a row of the table in commands.ts. */
export interface TrustCommand {
  /** `signer add` */
  readonly path: string;
  /** One line, for the help of the group. */
  readonly summary: string;
  /** What stands after the path in the usage line. */
  readonly synopsis: string;
  /** How many arguments: exactly so many, or at least. */
  readonly takes: { readonly exactly: number } | { readonly atLeast: number };
  readonly flags: readonly FlagSpec[];
  /** The options of the help, as docker's cobra lays them out; empty when there are none. */
  readonly options: string;
  /** True for what docker never had: its errors end with the codes of exit-codes.ts. */
  readonly isOurs?: true;
  /** @returns the exit code, 0 when it gives none. What it throws is printed, and then it is 1 */
  run(context: TrustContext, args: readonly string[], flags: Flags): Promise<number | undefined>;
}
