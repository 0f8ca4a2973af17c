import { isStoreError } from '../../base/index.ts';
import type { TrustChange } from '../../client/index.ts';
import { findTarget, listTargets } from '../../tuf/index.ts';
import type { TrustCommand, TrustContext } from './command.ts';
import { confirm } from './confirm.ts';
import { type NamedImage, parseImageName } from './image-name.ts';
import { refusal, wordsFor } from './texts.ts';

/** `docker trust revoke` */
export const revokeCommand: TrustCommand = {
  path: 'revoke',
  summary: 'Remove trust for an image',
  synopsis: '[OPTIONS] IMAGE[:TAG]',
  takes: { exactly: 1 },
  flags: [{ name: 'yes', short: 'y', kind: 'boolean' }],
  options: '  -y, --yes   Do not prompt for confirmation\n',
  async run(context, [name = ''], flags) {
    const image = parseImageName(name);
    if (!image.tag && image.digest) throw refusal('cannot use a digest reference for IMAGE:TAG');
    const question = `Confirm you would like to delete all signature data for ${name}?`;
    if (!image.tag && !flags.isOn('yes') && !(await confirm(context, question))) return 0;
    await revoke(context, image).catch((error: unknown) => {
      if (!isStoreError(error) || error.code === 'CONFIG_TRUST_SERVER') throw error;
      throw refusal(`could not remove signature for ${name}: ${reasonOf(error)}`, error);
    });
    context.world.print(`Successfully deleted signature for ${name}\n`);
    return 0;
  },
};

/** From every role whose key is held, as docker does; another signer's stays and is shown by inspect. */
async function revoke({ docker }: TrustContext, { gun, tag }: NamedImage): Promise<void> {
  const { set } = await docker.open(gun, 'for-writing');
  const names = tag ? [findTarget(set, tag).name] : listTargets(set).map(({ name }) => name);
  if (names.length === 0) throw refusal('no signed tags to remove');
  const changes = names.map((name): TrustChange => ({ kind: 'remove-target', name }));
  await docker.publish(gun, changes, 'refuse');
}

function reasonOf(error: Parameters<typeof wordsFor>[0]): string {
  return error.code === 'CLIENT_TARGET_NOT_YOURS'
    ? 'no valid signing keys for delegation roles'
    : wordsFor(error);
}
