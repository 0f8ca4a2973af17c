import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { unenforceable } from '../dockerfile/unenforceable.ts';
import type { CliWorld } from '../ports.ts';
import { type Builder, builderFor, hasBuildx, policyFor } from './build.ts';
import type { CommandLine } from './command-line.ts';
import { type ResolvedProject, resolveProject } from './compose-project.ts';
import { asksForHelp, buildArgsOf, refuseUnbuilt } from './compose-words.ts';
import type { EnforceContext, EnforcedCommand } from './enforced-command.ts';
import { composeCommandFlags, composeFlags } from './flag-tables.ts';
import { withPrivateFiles } from './private-folder.ts';
import { sourcePolicyVariable } from './source-policy.ts';

/** Commands that work with what is there already, or with nothing. */
const harmless = new Set(
  `attach commit config convert cp down events exec export help images kill logs ls pause port ps
   restart rm stats stop top unpause version volumes wait`.split(/\s+/),
);

/**
 * `docker compose`: the project is resolved by compose itself, every image in it is named by the digest that its
 * tag is signed for, every Dockerfile likewise, and compose runs what came of that.
 */
export const composeCommand: EnforcedCommand = {
  synopsis: '[OPTIONS] COMMAND',
  takes: 'any',
  flags: composeFlags,
  interspersed: false,
  refusal: { code: 1 },
  async run(context, line) {
    const { world, docker, path } = context;
    const [command, ...words] = line.args;
    const asTyped = () => docker.program.run([...path, ...line.withFlags([], [])]);
    if (command === undefined || harmless.has(command)) return await asTyped();
    requireKnown(command);
    if (asksForHelp(command, words)) return await docker.program.run([...path, command, '--help']);
    const buildArgs = buildArgsOf(command, words, world.env);
    if (command === 'start' && readsNoProject(line)) return await asTyped();
    const project = await resolveProject(context, line);
    if (command === 'start' && !project.text.includes('pre_start')) return await asTyped();
    return await runPinned(context, line, { project, buildArgs });
  },
};

function requireKnown(command: string): void {
  if (composeCommandFlags.has(command)) return;
  if (command === 'push' || command === 'publish') {
    throw unenforceable(
      `compose would ${command} without signing; push each image with docker push`,
    );
  }
  throw unenforceable(`nobody here knows what "compose ${command}" takes images for`);
}

/** By its name alone compose finds a project in the engine, and starts what it has there. */
function readsNoProject({ flags }: CommandLine): boolean {
  return (flags.text('project-name') ?? '') !== '' && flags.list('file').length === 0;
}

interface Resolved {
  readonly project: ResolvedProject;
  readonly buildArgs: ReadonlyMap<string, string | undefined>;
}

async function runPinned(
  context: EnforceContext,
  line: CommandLine,
  { project: resolved, buildArgs }: Resolved,
): Promise<number> {
  const { world, docker, path } = context;
  // The YAML parser takes time to load, and only compose needs it.
  const { pinProject } = await import('./pin-project.ts');
  const { isOld } = resolved;
  let asked: Promise<Builder> | undefined;
  const builder = () => (asked ??= builderOf(context, isOld));
  const [command = '', ...words] = line.args;
  const project = await pinProject(resolved, { world, docker, builder, command, buildArgs });
  refuseUnbuilt(command, words, { built: project.built, named: resolved.named });
  const isBuildKit = project.built.length > 0 && (await builder()) === 'buildkit';
  const policy = isBuildKit ? await policyFor(world) : '';
  const filesIn = (folder: string) => new Map([...project.files(folder), ['policy.json', policy]]);
  return await withPrivateFiles(filesIn, async (folder) => {
    const given = [
      `--file=${join(folder, 'compose.yaml')}`,
      `--project-directory=${projectFolder(world, line)}`,
      ...(project.name === undefined ? [] : [`--project-name=${project.name}`]),
    ];
    const dropped = ['file', 'project-directory', 'workdir'];
    if (isOld) dropped.push('env-file');
    if (project.name !== undefined) dropped.push('project-name');
    const variables = {
      DOCKER_BUILDKIT: isBuildKit ? '1' : '0',
      COMPOSE_DOCKER_CLI_BUILD: '0',
      ...(isBuildKit ? { [sourcePolicyVariable]: join(folder, 'policy.json') } : {}),
    };
    return await docker.program.run([...path, ...line.withFlags(given, dropped)], { variables });
  });
}

/** Without buildx compose takes the classic builder, whatever it is told. */
async function builderOf(context: EnforceContext, isOld: boolean): Promise<Builder> {
  if (isOld || (await builderFor(context)) === 'classic') return 'classic';
  return (await hasBuildx(context.docker)) ? 'buildkit' : 'classic';
}

const usualNames = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];

/** Where compose would take the project to be; old versions name it so. */
function projectFolder({ env }: Pick<CliWorld, 'env'>, { flags }: CommandLine): string {
  const told = flags.text('project-directory') ?? flags.text('workdir');
  if (told !== undefined) return resolve(told);
  const files = env.COMPOSE_FILE?.split(env.COMPOSE_PATH_SEPARATOR ?? ':') ?? [];
  const first = flags.list('file')[0] ?? files[0] ?? '';
  if (first !== '') return existsSync(first) ? resolve(dirname(first)) : process.cwd();
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    if (usualNames.some((name) => existsSync(join(folder, name)))) return folder;
    if (folder === dirname(folder)) return process.cwd();
  }
}
