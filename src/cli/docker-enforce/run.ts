import { refusal } from '../docker-trust/texts.ts';
import { unenforceable } from '../dockerfile/unenforceable.ts';
import type { CommandLine } from './command-line.ts';
import type { EnforceContext, EnforcedCommand } from './enforced-command.ts';
import { containerFlags } from './flag-tables.ts';
import { pullAndTag } from './pull.ts';
import { type TrustedImage, trustedImage, trustedImageOrId } from './trusted-image.ts';

const container = {
  synopsis: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  takes: 'one or more',
  flags: containerFlags,
  interspersed: false,
  run: runContainer,
} as const;

/** `docker run`: the container is made of the digest that the image's tag is signed for. */
export const runCommand: EnforcedCommand = {
  ...container,
  refusal: { code: 125, prefix: 'docker: ', hint: 'docker run' },
};

const runsOnly = new Set(['detach', 'detach-keys', 'sig-proxy']);

/** `docker create` */
export const createCommand: EnforcedCommand = {
  ...container,
  flags: containerFlags.filter(({ name }) => !runsOnly.has(name)),
  refusal: { code: 1 },
};

const pullPolicies = ['always', 'missing', 'never', ''];

/**
 * Resolves the image on the trust server, whether the engine has it or not; then the engine is
 * asked for that digest, which is pulled and tagged as `--pull` says.
 * @see docker/cli 28.2.2, cli/command/container/create.go createContainer
 */
async function runContainer(context: EnforceContext, line: CommandLine): Promise<number> {
  const { docker, path } = context;
  const [name = ''] = line.args;
  const pull = line.flags.text('pull') ?? 'missing';
  if (!pullPolicies.includes(pull)) {
    throw refusal(`invalid pull option: '${pull}': must be one of "always", "missing" or "never"`);
  }
  for (const mount of line.flags.list('mount')) refuseMountedTag(mount);
  // `always` has docker pull what it is given, by its name.
  const lookUp = pull === 'always' ? trustedImage : trustedImageOrId;
  const image = await lookUp(docker, name);
  if (image) await provide(context, image, line, pull);
  const argument = image?.pinned ?? name;
  const done = image && pull === 'always' ? ['pull'] : [];
  return docker.program.run([...path, ...line.withArgument(argument, done)]);
}

/**
 * An image can be mounted, too. What its tag is signed for would be asked of the engine by that tag.
 * @param mount  fields in CSV, as of `--mount`
 * @throws StoreError CLI_UNENFORCEABLE unless it is no image, or one by digest or id
 */
export function refuseMountedTag(mount: string): void {
  const fields = mount.split(',').map((field) => field.replace(/^"|"$/g, '').trim());
  if (!fields.some((field) => /^type=image$/i.test(field))) return;
  const sources = fields.filter((field) => /^(source|src)=/i.test(field));
  if (sources.length === 1 && /[@=](sha256:)?[0-9a-f]{64}$/.test(sources[0] ?? '')) return;
  throw unenforceable(`--mount ${mount} names an image by its tag; name it by digest`);
}

/** Sees to it that the engine has the image, where the pull policy wants that. */
async function provide(
  context: EnforceContext,
  image: TrustedImage,
  line: CommandLine,
  pull: string,
): Promise<void> {
  const { world, docker } = context;
  if (pull === 'always') return pullAndTag(context, image, line, 'error');
  if (pull !== 'missing' || (await docker.program.hasImage(image.pinned))) return;
  if (!line.flags.isOn('quiet')) {
    world.printError(`Unable to find image '${image.tagged}' locally\n`);
  }
  await pullAndTag(context, image, line, 'error');
}
