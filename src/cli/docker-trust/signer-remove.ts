import { isStoreError } from '../../base/index.ts';
import type { Trust } from '../../client/index.ts';
import { parseDelegationName, releasesRole } from '../../tuf/index.ts';
import type { TrustCommand, TrustContext } from './command.ts';
import { confirm } from './confirm.ts';
import { inEachRepository } from './each-repository.ts';
import { parseImageName } from './image-name.ts';
import { jsonFlag } from './shown.ts';
import { refusal, wordsFor } from './texts.ts';

/** `docker trust signer remove`, which docker 26 to 29 leave undone without saying so. */
export const signerRemoveCommand: TrustCommand = {
  path: 'signer remove',
  summary: 'Remove a signer',
  synopsis: '[OPTIONS] NAME REPOSITORY [REPOSITORY...]',
  takes: { atLeast: 2 },
  flags: [{ name: 'force', short: 'f', kind: 'boolean' }, jsonFlag],
  options: [
    '  -f, --force   Do not prompt for confirmation before removing the most\n',
    '                recent signer\n',
    '      --json    Print JSON\n',
  ].join(''),
  async run(context, [name = '', ...repositories], flags) {
    return await inEachRepository(context, {
      ...{ signer: name, repositories, asJson: flags.isOn('json') },
      failure: 'error removing signer from',
      async work(repository) {
        context.say(`Removing signer "${name}" from ${repository}...\n`);
        return await remove(context, name, repository, flags.isOn('force'));
      },
    });
  },
};

async function remove(
  context: TrustContext,
  name: string,
  repository: string,
  isForced: boolean,
): Promise<boolean> {
  const { docker, say } = context;
  const { gun } = parseImageName(repository);
  if (name === 'releases') {
    throw refusal('releases is a reserved keyword and cannot be removed');
  }
  const trust = await docker.open(gun, 'for-writing').catch((error: unknown) => {
    if (!isStoreError(error) || error.code.startsWith('CONFIG_')) throw error;
    throw refusal(`error retrieving signers for ${repository}: ${wordsFor(error)}`, error);
  });
  const keyIds = keysOf(trust, name);
  if (!keyIds) throw refusal(`no signer ${name} for repository ${repository}`);
  const question = `The signer "${name}" signed the last released version of ${repository}. Removing this signer will make ${repository} unpullable. Are you sure you want to continue?`;
  if (!isForced && isLastSigner(trust, keyIds) && !(await confirm(context, question))) return false;
  await docker.publish(gun, [{ kind: 'remove-signer', name }], 'refuse');
  say(`Successfully removed ${name} from ${repository}\n\n`);
  return true;
}

/** Undefined when nobody of that name is a signer, nor could be. */
function keysOf({ set }: Trust, name: string): readonly string[] | undefined {
  try {
    const role = parseDelegationName(`targets/${name}`);
    const delegations = set.targets.get('targets')?.file.signed.delegations.roles ?? [];
    return delegations.find((delegation) => delegation.name === role)?.keyIds;
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return undefined;
  }
}

/** Whether too few signatures of `targets/releases` are left without these keys. */
function isLastSigner({ set }: Trust, keyIds: readonly string[]): boolean {
  const releases = set.targets.get(releasesRole)?.file;
  if (!releases) return false;
  const left = releases.signatures.filter(({ keyId }) => !keyIds.includes(keyId));
  const role = set.targets
    .get('targets')
    ?.file.signed.delegations.roles.find(({ name }) => name === releasesRole);
  return left.length < (role?.threshold ?? 1);
}
