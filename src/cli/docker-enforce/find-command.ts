import type { FlagSpec } from '../docker-trust/parse-flags.ts';
import { misreadDashes, readCommandLine } from './command-line.ts';
import type { EnforcedCommand } from './enforced-command.ts';
import { builderFlags, composeFlags } from './flag-tables.ts';

type Load = () => Promise<EnforcedCommand>;

/** Every way to call each. What a command takes is loaded for it alone: some are large, and all are started often. */
const commands: readonly (readonly [paths: readonly string[], load: Load])[] = [
  [['pull', 'image pull'], async () => (await import('./pull.ts')).pullCommand],
  [['push', 'image push'], async () => (await import('./push.ts')).pushCommand],
  [['run', 'container run'], async () => (await import('./run.ts')).runCommand],
  [['create', 'container create'], async () => (await import('./run.ts')).createCommand],
  [
    ['build', 'image build', 'builder build', 'builder b', 'buildx build', 'buildx b'],
    async () => (await import('./build.ts')).buildCommand,
  ],
  [
    ['bake', 'buildx bake', 'buildx f', 'builder bake', 'builder f'],
    async () => (await import('./build.ts')).bakeCommand,
  ],
  [['compose'], async () => (await import('./compose.ts')).composeCommand],
  [['service create'], async () => (await import('./service.ts')).serviceCreateCommand],
  [['service update'], async () => (await import('./service.ts')).serviceUpdateCommand],
  [['plugin install'], async () => (await import('./plugin.ts')).pluginInstallCommand],
  [['plugin upgrade'], async () => (await import('./plugin.ts')).pluginUpgradeCommand],
];

async function unknownBuilderCommand(): Promise<EnforcedCommand> {
  return (await import('./build.ts')).unknownBuilderCommand;
}

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
export async function findCommand(
  args: readonly string[],
): Promise<FoundCommand | 'help' | { readonly mistake: string } | undefined> {
  const [first = '', ...rest] = args;
  // Behind `--`. docker goes over these words once more, and would find a command among them.
  if (/^-./.test(first)) return { mistake: misreadDashes };
  const between = parents.get(first);
  if (!between) return await commandAt([first], rest);
  const line = readCommandLine({ flags: between, interspersed: false }, rest);
  if (line === 'help' || 'mistake' in line) return line;
  const mistake = line.misreadBeforeCommand();
  if (mistake !== undefined) return { mistake };
  if (first === 'compose') return await commandAt([first], rest);
  const [second, ...words] = line.args;
  if (second === undefined) return undefined;
  return await commandAt([first, second], [...line.beforeArguments(), ...words]);
}

async function commandAt(
  path: readonly string[],
  words: readonly string[],
): Promise<FoundCommand | undefined> {
  const [first = '', second = ''] = path;
  const [, known] = commands.find(([paths]) => paths.includes(path.join(' '))) ?? [];
  const isBuilders = parents.get(first) === builderFlags && !harmless.has(second);
  const load = known ?? (isBuilders ? unknownBuilderCommand : undefined);
  return load && { command: await load(), path, words };
}
