import type { RoleChange } from '../../client/index.ts';
import { type KeyId, parseKeyId } from '../../tuf/index.ts';
import type { TrustCommand, TrustContext } from './command.ts';
import { confirmByPerson } from './confirm.ts';
import { type NamedImage, parseImageName } from './image-name.ts';
import type { Flags } from './parse-flags.ts';
import { readInput } from './read-input.ts';
import { parseDelegation } from './role.ts';
import { jsonFlag, shown } from './shown.ts';
import { stage, stageFlag } from './stage.ts';
import { refusal } from './texts.ts';

/** `docker trust delegation add` */
export const delegationAddCommand: TrustCommand = {
  path: 'delegation add',
  summary: 'Add a delegation, or keys and paths to one',
  synopsis: '[OPTIONS] REPOSITORY ROLE',
  takes: { exactly: 2 },
  flags: [
    { name: 'key', kind: 'list' },
    { name: 'path', kind: 'list' },
    { name: 'all-paths', kind: 'boolean' },
    stageFlag,
    jsonFlag,
  ],
  options: [
    '      --all-paths   It may sign every tag\n',
    '      --json        Print JSON\n',
    '      --key list    Public key file, or a certificate\n',
    '      --path list   It may sign tags that begin so\n',
    '      --stage       Do not publish it yet\n',
  ].join(''),
  isOurs: true,
  async run(context, [repository = '', roleName = ''], flags) {
    const { docker } = context;
    const name = parseDelegation(roleName);
    const files = flags.list('key');
    const keys = [];
    for (const file of files) keys.push(docker.parsePublicKeyFile(await readInput(file)));
    const paths = [...flags.list('path'), ...(flags.isOn('all-paths') ? [''] : [])];
    if (keys.length + paths.length === 0)
      throw refusal('nothing to add: name a --key, a --path or --all-paths');
    const change: RoleChange = { kind: 'add-delegation', name, keys, paths };
    return await make(context, parseImageName(repository), change, `Added to ${name}`, flags);
  },
};

/** `docker trust delegation rm` */
export const delegationRmCommand: TrustCommand = {
  path: 'delegation rm',
  summary: 'Remove a delegation, or keys and paths from one',
  synopsis: '[OPTIONS] REPOSITORY ROLE [KEYID...]',
  takes: { atLeast: 2 },
  flags: [
    { name: 'path', kind: 'list' },
    { name: 'yes', short: 'y', kind: 'boolean' },
    stageFlag,
    jsonFlag,
  ],
  options: [
    '      --json        Print JSON\n',
    '      --path list   Take this prefix from it\n',
    '      --stage       Do not publish it yet\n',
    '  -y, --yes         Do not prompt for confirmation\n',
  ].join(''),
  isOurs: true,
  async run(context, [repository = '', roleName = '', ...ids], flags) {
    const name = parseDelegation(roleName);
    const image = parseImageName(repository);
    const keyIds = ids.map(parseKeyId);
    const paths = flags.list('path');
    const isWhole = keyIds.length + paths.length === 0;
    const question = `Are you sure you want to remove ${name} and what it signed from ${image.gun}?`;
    if (isWhole && !flags.isOn('yes') && !(await confirmByPerson(context, question, '--yes'))) {
      context.say('Nothing was changed.\n');
      return 1;
    }
    const change: RoleChange = isWhole
      ? { kind: 'remove-delegation', name }
      : { kind: 'trim-delegation', name, keyIds, paths };
    const done = isWhole ? `Removed ${name}` : `Removed from ${name}`;
    return await make(context, image, change, done, flags);
  },
};

/** `docker trust delegation purge` */
export const delegationPurgeCommand: TrustCommand = {
  path: 'delegation purge',
  summary: 'Remove keys from every delegation of a repository',
  synopsis: '[OPTIONS] REPOSITORY KEYID [KEYID...]',
  takes: { atLeast: 2 },
  flags: [stageFlag, jsonFlag],
  options: '      --json    Print JSON\n      --stage   Do not publish it yet\n',
  isOurs: true,
  async run(context, [repository = '', ...ids], flags) {
    const keyIds: KeyId[] = ids.map(parseKeyId);
    const change: RoleChange = { kind: 'purge-keys', keyIds };
    const done = `Removed ${keyIds.length === 1 ? 'the key' : `${keyIds.length} keys`} from every delegation`;
    return await make(context, parseImageName(repository), change, done, flags);
  },
};

async function make(
  context: TrustContext,
  { gun }: NamedImage,
  change: RoleChange,
  done: string,
  flags: Flags,
): Promise<number> {
  const { world, docker } = context;
  if (flags.isOn('stage')) return await stage(context, gun, [change], flags);
  const { signed } = await docker.publish(gun, [change], 'refuse');
  if (flags.isOn('json')) shown(world, { gun, signed });
  else world.print(`${done} in ${gun}; signed ${signed.join(', ')}\n`);
  return 0;
}
