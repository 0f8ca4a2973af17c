import type { FlagSpec } from '../docker-trust/parse-flags.ts';
import { bakeCommand, buildCommand, unknownBuilderCommand } from './build.ts';
import { misreadDashes, readCommandLine } from './command-line.ts';
import { composeCommand } from './compose.ts';
import type { EnforcedCommand } from './enforced-command.ts';
import { builderFlags, composeFlags } from './flag-tables.ts';
import { pluginInstallCommand, pluginUpgradeCommand } from './plugin.ts';
import { pullCommand } from './pull.ts';
import { pushCommand } from './push.ts';
import { createCommand, runCommand } from './run.ts';
import { serviceCreateCommand, serviceUpdateCommand } from './service.ts';

const commands: readonly EnforcedCommand[] = [
  pullCommand,
  pushCommand,
  runCommand,
  createCommand,
  buildCommand,
  bakeCommand,
  composeCommand,
  serviceCreateCommand,
  serviceUpdateCommand,
  pluginInstallCommand,
  pluginUpgradeCommand,
];

/**
 * Commands that have commands of their own, and the flags that may stand between the two, as in
 * `docker buildx --builder=B build`. `builder` is another word for buildx, where that is installed.
 */
const parents: ReadonlyMap<string, readonly FlagSpec[]> = new Map([
  ['image', []],
  ['container', []],
  ['service', []],
  ['plugin', []],
  ['builder', builderFlags],
  ['buildx', builderFlags],
  ['compose', composeFlags],
]);

/** Commands of buildx that build nothing. */
const harmless = new Set(
  'create dial-stdio du history imagetools inspect install ls prune rm stop uninstall use version'.split(
    ' ',
  ),
);

export interface FoundCommand {
  readonly command: EnforcedCommand;
  /** `image`, `pull` */
  readonly path: readonly string[];
  /** What stands behind the path; flags from within it come first. */
  readonly words: readonly string[];
}

/**
 * Which enforced command docker would take the words for.
 * @param args  behind docker's global flags
 * @returns undefined for any other one; docker's sentence for words that are none, and ours for those that docker
 *          could take for another command
 */
export function findCommand(
  args: readonly string[],
): FoundCommand | 'help' | { readonly mistake: string } | undefined {
  const [first = '', ...rest] = args;
  // Behind `--`. docker goes over these words once more, and would find a command among them.
  if (/^-./.test(first)) return { mistake: misreadDashes };
  const between = parents.get(first);
  if (!between) return commandAt([first], rest);
  const line = readCommandLine({ flags: between, interspersed: false }, rest);
  if (line === 'help' || 'mistake' in line) return line;
  const mistake = line.misreadBeforeCommand();
  if (mistake !== undefined) return { mistake };
  if (first === 'compose') return commandAt([first], rest);
  const [second, ...words] = line.args;
  if (second === undefined) return undefined;
  return commandAt([first, second], [...line.beforeArguments(), ...words]);
}

function commandAt(path: readonly string[], words: readonly string[]): FoundCommand | undefined {
  const [first = '', second = ''] = path;
  const known = commands.find(({ paths }) => paths.includes(path.join(' ')));
  const isBuilders = parents.get(first) === builderFlags && !harmless.has(second);
  const command = known ?? (isBuilders ? unknownBuilderCommand : undefined);
  return command && { command, path, words };
}
