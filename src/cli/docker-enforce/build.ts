import { join } from 'node:path';
import { fromUtf8, isStoreError } from '../../base/index.ts';
import type { DockerTrustWorld } from '../docker-ports.ts';
import { readInput } from '../docker-trust/read-input.ts';
import type { PinnedDockerfile } from '../dockerfile/pin-dockerfile.ts';
import { unenforceable } from '../dockerfile/unenforceable.ts';
import type { CliWorld } from '../ports.ts';
import { pinnedContexts, refuseForeignSources } from './build-sources.ts';
import type { CommandLine } from './command-line.ts';
import { offWords } from './content-trust.ts';
import type { EnforceContext, EnforcedCommand } from './enforced-command.ts';
import { buildFlags } from './flag-tables.ts';
import { withPrivateFiles } from './private-folder.ts';
import { tagTrusted } from './pull.ts';
import { type FoundDockerfile, readDockerfile } from './read-dockerfile.ts';
import { sourcePolicy, sourcePolicyVariable } from './source-policy.ts';
import { type TrustedImage, trustedImage } from './trusted-image.ts';

/**
 * `docker build`, by either builder: docker is given a Dockerfile in which every image is named by the
 * digest that its tag is signed for, and BuildKit a policy that lets no other image in.
 */
export const buildCommand: EnforcedCommand = {
  synopsis: '[OPTIONS] PATH | URL | -',
  takes: 'one',
  flags: buildFlags,
  interspersed: true,
  refusal: { code: 1 },
  async run(context, line) {
    const { world, docker } = context;
    const [place = ''] = line.args;
    const builder = await builderFor(context);
    const contexts = await pinnedContexts(docker, line.flags.list('build-context'));
    if (builder === 'buildkit') refuseForeignSources(line.flags);
    const found = await readDockerfile(place, line.flags.text('file'), world);
    // The parser takes time to load, and only builds need it.
    const { pinDockerfile } = await import('../dockerfile/pin-dockerfile.ts');
    const pinned = await pinDockerfile(found.text, {
      builder,
      args: argsOf(world, line),
      contexts: contexts.keys(),
      resolve: (name) => trustedImage(docker, name),
    });
    const code = await build(context, line, { found, pinned, builder, contexts });
    // What BuildKit used is not in the engine under a name.
    if (code !== 0 || builder === 'buildkit') return code;
    for (const image of pinned.images) await tagTrusted(context, image);
    return code;
  },
};

const refused = {
  synopsis: '[OPTIONS] [TARGET...]',
  takes: 'any',
  flags: buildFlags,
  interspersed: true,
  refusal: { code: 1 },
} as const;

/** `docker buildx bake`, and `docker bake` of docker 28.1 and later, which is another word for it, read files of their own. */
export const bakeCommand: EnforcedCommand = {
  ...refused,
  run() {
    throw unenforceable(
      'bake builds what its own files say, which are not read here; build each target with docker build',
    );
  },
};

/** Newer ones, and those for experiments, such as `docker buildx debug build`. */
export const unknownBuilderCommand: EnforcedCommand = {
  ...refused,
  run({ path }) {
    throw unenforceable(`nobody here knows what "${path.join(' ')}" takes images for`);
  },
};

export type Builder = 'classic' | 'buildkit';

/**
 * Which builder docker would take; it is told so, since older ones ask the engine too.
 * @throws StoreError CLI_DOCKER_TRUST
 */
export async function builderFor({ world, docker, path }: EnforceContext): Promise<Builder> {
  if (path[0] === 'buildx') return 'buildkit';
  const wish = world.env.DOCKER_BUILDKIT ?? '';
  if (wish !== '') return offWords.has(wish) ? 'classic' : 'buildkit';
  return (await hasBuildx(docker)) ? 'buildkit' : 'classic';
}

/** Whether docker has its plugin for BuildKit. */
export async function hasBuildx({ program }: DockerTrustWorld): Promise<boolean> {
  try {
    await program.ask(['buildx', 'version']);
    return true;
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return false;
  }
}

interface Prepared {
  readonly found: FoundDockerfile;
  readonly pinned: PinnedDockerfile<TrustedImage>;
  readonly builder: Builder;
  readonly contexts: ReadonlyMap<string, string>;
}

async function build(
  { world, docker, path }: EnforceContext,
  line: CommandLine,
  { found, pinned, builder, contexts }: Prepared,
): Promise<number> {
  const files = new Map<string, string | Uint8Array>([['Dockerfile', pinned.text]]);
  for (const [ending, bytes] of found.beside) files.set(`Dockerfile${ending}`, bytes);
  if (builder === 'buildkit') files.set('policy.json', await policyFor(world));
  return await withPrivateFiles(
    () => files,
    async (folder) => {
      const variables = {
        ...(path[0] === 'buildx' ? {} : { DOCKER_BUILDKIT: builder === 'buildkit' ? '1' : '0' }),
        ...(builder === 'buildkit' ? { [sourcePolicyVariable]: join(folder, 'policy.json') } : {}),
      };
      const named = [...contexts].map(([name, value]) => `--build-context=${name}=${value}`);
      // The last one counts, so it is ours whatever stands before it.
      const added = [...named, `--file=${join(folder, 'Dockerfile')}`];
      const run = (...place: string[]) => {
        const words = line.withFlags(added, ['build-context', 'file'], place);
        return docker.program.run([...path, ...words], { variables });
      };
      if (!found.isContext) return await run();
      // Not its standard input: what is a Dockerfile to us could be an archive to docker, with another in it.
      return await withPrivateFiles(() => new Map([['Dockerfile', pinned.text]]), run);
    },
  );
}

/** With the rules of a policy that is given already. */
export async function policyFor({ env }: Pick<CliWorld, 'env'>): Promise<string> {
  const file = env[sourcePolicyVariable] ?? '';
  if (file === '') return sourcePolicy();
  const bytes = await readInput(file);
  try {
    return sourcePolicy(fromUtf8(bytes));
  } catch (error) {
    const reason = error instanceof Error ? error.message : '';
    throw unenforceable(`${sourcePolicyVariable} names ${file}, which is no policy: ${reason}`);
  }
}

function argsOf({ env }: Pick<CliWorld, 'env'>, line: CommandLine) {
  const given = new Map<string, string | undefined>();
  for (const each of line.flags.list('build-arg')) {
    const at = each.indexOf('=');
    if (at < 0) given.set(each, env[each]);
    else given.set(each.slice(0, at), each.slice(at + 1));
  }
  return (name: string) => given.get(name);
}
