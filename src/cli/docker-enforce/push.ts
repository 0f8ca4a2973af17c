import { isStoreError, type StoreError } from '../../base/index.ts';
import type { TrustChange } from '../../client/index.ts';
import { familiarImageReference, withDefaultTag } from '../../oci/index.ts';
import type { Gun } from '../../tuf/index.ts';
import { parseImageName } from '../docker-trust/image-name.ts';
import { refusal, wordsFor } from '../docker-trust/texts.ts';
import { trustWords } from '../docker-trust/trust-words.ts';
import type { EnforceContext, EnforcedCommand } from './enforced-command.ts';
import { pushFlags } from './flag-tables.ts';

/**
 * `docker push`: pushes, then signs what the registry has now. With `--all-tags` every tag is
 * signed, all in one update, where docker 28 signs none of them (G15).
 */
export const pushCommand: EnforcedCommand = {
  synopsis: '[OPTIONS] NAME[:TAG]',
  takes: 'one',
  flags: pushFlags,
  interspersed: true,
  refusal: { code: 1 },
  async run(context, line) {
    const { world, docker, path } = context;
    const [name = ''] = line.args;
    const image = parseImageName(name);
    const isAll = line.flags.isOn('all-tags');
    if (isAll && (image.tag || image.digest)) {
      throw refusal("tag can't be used with --all-tags/-a");
    }
    if (image.digest) throw refusal('cannot push a digest reference');
    const { tag } = withDefaultTag(image);
    if (!isAll && !image.tag && !line.flags.isOn('quiet')) {
      world.print(`Using default tag: ${tag}\n`);
    }
    const platform = line.flags.list('platform').flatMap((each) => ['--platform', each]);
    const all = isAll ? ['--all-tags'] : [];
    const argument = isAll ? name : familiarImageReference(withDefaultTag(image));
    // Without --quiet, as in docker: the lines that it hides tell what was pushed.
    const pushed = await docker.program.push([...path, ...all, ...platform, '--', argument], world);
    const wanted = isAll ? pushed : pushed.filter((each) => each.tag === tag);
    if (wanted.length === 0) {
      throw refusal('no targets found, provide a specific tag in order to sign it');
    }
    await sign(context, image.gun, wanted);
    return 0;
  },
};

interface Pushed extends Omit<TrustChange & { kind: 'add-target' }, 'kind' | 'name'> {
  readonly tag: string;
}

async function sign(
  { world, docker }: EnforceContext,
  gun: Gun,
  pushed: readonly Pushed[],
): Promise<void> {
  world.print('Signing and pushing trust metadata\n');
  const changes = pushed.map(({ tag, ...content }) => {
    return { kind: 'add-target', name: tag, ...content } as const;
  });
  try {
    const { initialised } = await docker.publish(gun, changes, 'initialise');
    if (initialised) world.print(`Finished initializing "${gun}"\n`);
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw refusal(reasonOf(error, gun, docker, pushed), error);
  }
  for (const { tag } of pushed) world.print(`Successfully signed ${gun}:${tag}\n`);
}

/** What opening the repository fails with is told as everywhere; signing itself as docker's push does. */
function reasonOf(
  error: StoreError,
  gun: Gun,
  docker: EnforceContext['docker'],
  pushed: readonly Pushed[],
): string {
  if (/^(TUF_|REMOTE_|CONFIG_T)/.test(error.code)) return trustWords(error, gun, docker);
  const tags = pushed.map(({ tag }) => tag).join(', ');
  return `failed to sign ${gun}:${tags}: ${wordsFor(error)}`;
}
