import { isStoreError } from '../../base/index.ts';
import type { Stageable } from '../../client/index.ts';
import { findTarget, listTargets } from '../../tuf/index.ts';
import type { TrustCommand, TrustContext } from './command.ts';
import { confirm } from './confirm.ts';
import { type NamedImage, parseImageName } from './image-name.ts';
import { jsonFlag, shown } from './shown.ts';
import { stage, stageFlag } from './stage.ts';
import { refusal, wordsFor } from './texts.ts';

/** `docker trust revoke` */
export const revokeCommand: TrustCommand = {
  path: 'revoke',
  summary: 'Remove trust for an image',
  synopsis: '[OPTIONS] IMAGE[:TAG]',
  takes: { exactly: 1 },
  flags: [{ name: 'yes', short: 'y', kind: 'boolean' }, stageFlag, jsonFlag],
  options: [
    '      --json    Print JSON\n',
    '      --stage   Do not publish it yet\n',
    '  -y, --yes     Do not prompt for confirmation\n',
  ].join(''),
  async run(context, [name = ''], flags) {
    const image = parseImageName(name);
    if (!image.tag && image.digest) throw refusal('cannot use a digest reference for IMAGE:TAG');
    const question = `Confirm you would like to delete all signature data for ${name}?`;
    const tell = (revoked: object) => flags.isOn('json') && shown(context.world, revoked);
    if (!image.tag && !flags.isOn('yes') && !(await confirm(context, question))) {
      tell({ gun: image.gun, tags: [], signed: [] });
      return 0;
    }
    const failed = (error: unknown): never => {
      if (!isStoreError(error) || error.code === 'CONFIG_TRUST_SERVER') throw error;
      throw refusal(`could not remove signature for ${name}: ${reasonOf(error)}`, error);
    };
    const tags = await tagsOf(context, image).catch(failed);
    const changes = tags.map((tag): Stageable => ({ kind: 'remove-target', name: tag }));
    const { gun } = image;
    if (flags.isOn('stage')) return await stage(context, gun, changes, flags).catch(failed);
    const { signed } = await context.docker.publish(gun, changes, 'refuse').catch(failed);
    context.say(`Successfully deleted signature for ${name}\n`);
    tell({ gun, tags, signed });
    return 0;
  },
};

/** They go from every role whose key is held, as in docker; another signer's stays and is shown by inspect. */
async function tagsOf({ docker }: TrustContext, { gun, tag }: NamedImage) {
  const { set } = await docker.open(gun, 'for-writing');
  const names = tag ? [findTarget(set, tag).name] : listTargets(set).map(({ name }) => name);
  if (names.length === 0) throw refusal('no signed tags to remove');
  return names;
}

function reasonOf(error: Parameters<typeof wordsFor>[0]): string {
  return error.code === 'CLIENT_TARGET_NOT_YOURS'
    ? 'no valid signing keys for delegation roles'
    : wordsFor(error);
}
