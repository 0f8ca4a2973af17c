import { type Digest, isStoreError } from '../../base/index.ts';
import {
  familiarImageReference,
  formatImageReference,
  isTag,
  type Tag,
  withDefaultTag,
} from '../../oci/index.ts';
import { digestOfTarget, type SignedTarget } from '../../tuf/index.ts';
import type { DockerTrustWorld } from '../docker-ports.ts';
import { type NamedImage, parseImageName } from '../docker-trust/image-name.ts';
import { refusal } from '../docker-trust/texts.ts';
import { trustWords } from '../docker-trust/trust-words.ts';
import type { CommandLine } from './command-line.ts';
import type { EnforceContext, EnforcedCommand } from './enforced-command.ts';
import { pullFlags } from './flag-tables.ts';
import { imageOf, releasedImage, type TrustedImage } from './trusted-image.ts';

/** `docker pull`: the engine pulls what the tag is signed for, by digest, and tags it then. */
export const pullCommand: EnforcedCommand = {
  synopsis: '[OPTIONS] NAME[:TAG|@DIGEST]',
  takes: 'one',
  flags: pullFlags,
  interspersed: true,
  refusal: { code: 1 },
  async run(context, line) {
    const { world, docker, path } = context;
    const [name = ''] = line.args;
    const image = parseImageName(name);
    if (image.digest) return docker.program.run([...path, ...line.withArgument(name)]);
    const isAll = line.flags.isOn('all-tags');
    if (isAll && image.tag) throw refusal("tag can't be used with --all-tags/-a");
    if (!isAll && !image.tag && !line.flags.isOn('quiet')) {
      world.print('Using default tag: latest\n');
    }
    const isUsual = !isAll && line.flags.text('platform') === undefined;
    if (isUsual) await foresee(context, image);
    const images = isAll ? await everyImage(context, image) : [await releasedImage(docker, image)];
    for (const [i, trusted] of images.entries()) {
      const place = `${i + 1} of ${images.length}`;
      world.print(`Pull (${place}): ${trusted.tagged}@${trusted.digest}\n`);
      await pullAndTag(context, trusted, line, 'out');
    }
    world.print(`${formatImageReference(isAll ? image : withDefaultTag(image))}\n`);
    return 0;
  },
};

/** Most tags have not moved since they were verified last: then what is foreseen is what is pulled. */
async function foresee({ docker }: EnforceContext, image: NamedImage): Promise<void> {
  const { tag } = withDefaultTag(image);
  const digest = tag && (await docker.lastDigest(image.gun, tag));
  if (tag && digest) await docker.program.foresee(imageOf(image, tag, digest).pinned);
}

/**
 * Has the engine pull by digest, and gives what it pulled its tag.
 * @param to  where docker's progress goes; nowhere when `--quiet` is given
 * @throws StoreError DOCKER_FAILED in docker's words
 */
export async function pullAndTag(
  { world, docker }: Pick<EnforceContext, 'world' | 'docker'>,
  { tagged, pinned }: TrustedImage,
  { flags }: Pick<CommandLine, 'flags'>,
  to: 'out' | 'error',
): Promise<void> {
  const stream = flags.isOn('quiet') ? 'nowhere' : to;
  await docker.program.pull(pinned, { platform: flags.text('platform'), to: stream });
  await tagTrusted({ world, docker }, { tagged, pinned });
}

/** Gives an image that the engine has by digest the tag that is signed for it. */
export async function tagTrusted(
  { world, docker }: Pick<EnforceContext, 'world' | 'docker'>,
  { tagged, pinned }: Pick<TrustedImage, 'tagged' | 'pinned'>,
): Promise<void> {
  world.printError(`Tagging ${pinned} as ${tagged}\n`);
  await docker.program.tag(pinned, tagged);
}

async function everyImage(context: EnforceContext, image: NamedImage): Promise<TrustedImage[]> {
  const { world, docker } = context;
  const bare = familiarImageReference({ ...image, tag: undefined, digest: undefined });
  const found = (await releases(docker, image)).flatMap((target): [Tag, Digest][] => {
    if (target.hashes.has('sha256') && isTag(target.name)) {
      return [[target.name, digestOfTarget(target)]];
    }
    world.printError(`Skipping target for "${bare}"\n`);
    return [];
  });
  if (found.length === 0) throw refusal(`No trusted tags for ${image.gun}`);
  return found.map(([tag, digest]) => imageOf(image, tag, digest));
}

async function releases(
  docker: DockerTrustWorld,
  { gun }: NamedImage,
): Promise<readonly SignedTarget[]> {
  try {
    return await docker.releases(gun);
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw refusal(trustWords(error, gun, docker), error);
  }
}
