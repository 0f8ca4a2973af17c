import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { unenforceable } from '../dockerfile/unenforceable.ts';
import type { CliWorld } from '../ports.ts';
import { builderFor, policyFor } from './build.ts';
import type { CommandLine } from './command-line.ts';
import type { EnforceContext, EnforcedCommand } from './enforced-command.ts';
import { composeFlags } from './flag-tables.ts';
import { withPrivateFiles } from './private-folder.ts';
import { sourcePolicyVariable } from './source-policy.ts';

/** Commands that make images or containers. */
const making = new Set(['up', 'create', 'run', 'build', 'pull', 'watch', 'scale']);

/** Commands that work with what is there already, or with nothing. */
const harmless = new Set(
  `attach commit config convert cp down events exec export help images kill logs ls pause port ps
   restart rm start stats stop top unpause version volumes wait`.split(/\s+/),
);

/**
 * `docker compose`: the project is resolved by compose itself, every image in it is named by the digest that its
 * tag is signed for, every Dockerfile likewise, and compose runs what came of that.
 */
export const composeCommand: EnforcedCommand = {
  paths: ['compose'],
  synopsis: '[OPTIONS] COMMAND',
  takes: 'any',
  flags: composeFlags,
  interspersed: false,
  refusal: { code: 1 },
  async run(context, line) {
    const { docker, path } = context;
    const [command] = line.args;
    if (command === undefined || harmless.has(command)) {
      return await docker.program.run([...path, ...line.asTyped()]);
    }
    requireKnown(command);
    if (line.flags.list('file').includes('-')) {
      throw unenforceable('the project comes on standard input; write it to a file');
    }
    if (command === 'build' && line.args.some((word) => word.startsWith('--build-arg'))) {
      throw unenforceable('what is built depends on --build-arg; write it into the project');
    }
    const options = line.beforeArguments();
    const resolved = await docker.program.ask([...path, ...options, 'config']);
    return await runPinned(context, line, resolved);
  },
};

function requireKnown(command: string): void {
  if (making.has(command)) return;
  if (command === 'push') {
    throw unenforceable('compose would push without signing; push each image with docker push');
  }
  throw unenforceable(`nobody here knows what "compose ${command}" takes images for`);
}

async function runPinned(
  context: EnforceContext,
  line: CommandLine,
  resolved: string,
): Promise<number> {
  const { world, docker, path } = context;
  // The YAML parser takes time to load, and only compose needs it.
  const { pinProject } = await import('./pin-project.ts');
  const isOld = /^version:/m.test(resolved);
  const builder = isOld ? 'classic' : await builderFor(context);
  const [command = '', ...words] = line.args;
  const project = await pinProject(resolved, { world, docker, builder, isOld, command });
  refuseUnbuilt(command, words, project.built);
  const policy = builder === 'buildkit' ? await policyFor(world) : '';
  const filesIn = (folder: string) => new Map([...project.files(folder), ['policy.json', policy]]);
  return await withPrivateFiles(filesIn, async (folder) => {
    const given = [
      `--file=${join(folder, 'compose.yaml')}`,
      `--project-directory=${projectFolder(world, line)}`,
      ...(project.name === undefined ? [] : [`--project-name=${project.name}`]),
    ];
    const dropped = ['file', 'env-file', 'project-directory', 'workdir'];
    if (project.name !== undefined) dropped.push('project-name');
    const variables = {
      DOCKER_BUILDKIT: builder === 'buildkit' ? '1' : '0',
      COMPOSE_DOCKER_CLI_BUILD: '0',
      ...(builder === 'buildkit' ? { [sourcePolicyVariable]: join(folder, 'policy.json') } : {}),
    };
    return await docker.program.run([...path, ...line.withFlags(given, dropped)], { variables });
  });
}

/**
 * These overrule what the project says of pulling: an image of the name of a service that is built would
 * come from a registry, where nobody signed it.
 * @throws StoreError CLI_UNENFORCEABLE
 */
export function refuseUnbuilt(
  command: string,
  words: readonly string[],
  built: readonly string[],
): void {
  // Of build it says that base images are to be pulled, which have digests by now.
  if (command === 'build' || built.length === 0) return;
  const word = words.find((each) => /^--(pull|policy|no-build)(=|$)/.test(each));
  if (word === undefined) return;
  throw unenforceable(
    `${word} would take what is built (${built.join(', ')}) from a registry, where nobody signed it; leave it out`,
  );
}

const usualNames = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];

/** Where compose would take the project to be; old versions name it so. */
function projectFolder({ env }: Pick<CliWorld, 'env'>, { flags }: CommandLine): string {
  const told = flags.text('project-directory') ?? flags.text('workdir');
  if (told !== undefined) return resolve(told);
  const files = env.COMPOSE_FILE?.split(env.COMPOSE_PATH_SEPARATOR ?? ':') ?? [];
  const first = flags.list('file')[0] ?? files[0] ?? '';
  if (first !== '') return resolve(dirname(first));
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    if (usualNames.some((name) => existsSync(join(folder, name)))) return folder;
    if (folder === dirname(folder)) return process.cwd();
  }
}
