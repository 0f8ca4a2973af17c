import type { BaseRole, DelegationName } from '../../tuf/index.ts';
import type { TrustCommand } from './command.ts';
import { confirmByPerson } from './confirm.ts';
import { parseImageName } from './image-name.ts';
import { parseRole } from './role.ts';
import { jsonFlag, shown } from './shown.ts';
import { refusal } from './texts.ts';

/** `docker trust key rotate` */
export const keyRotateCommand: TrustCommand = {
  path: 'key rotate',
  summary: 'Give a role of a repository another key',
  synopsis: '[OPTIONS] REPOSITORY ROLE',
  takes: { exactly: 2 },
  flags: [
    { name: 'key', kind: 'text' },
    { name: 'server-managed', short: 'r', kind: 'boolean' },
    { name: 'yes', short: 'y', kind: 'boolean' },
    jsonFlag,
  ],
  options: [
    '      --json             Print JSON\n',
    '      --key string       A key of the trust folder instead of a new one; the same\n',
    '                         root key gets a new certificate\n',
    '  -r, --server-managed   Let the server make the key: always for timestamp, and\n',
    '                         for snapshot where it shall sign it\n',
    '  -y, --yes              Do not prompt for confirmation\n',
  ].join(''),
  isOurs: true,
  async run(context, [name = '', roleName = ''], flags) {
    const { world, docker, title } = context;
    const { gun } = parseImageName(name);
    const role = parseRole(roleName);
    const key = flags.text('key');
    const isServers = flags.isOn('server-managed');
    if (isServers && key !== undefined)
      throw refusal('--key and --server-managed exclude each other');
    const chosen = key === undefined ? undefined : (await docker.keyring.find(key)).id;
    const question = `Are you sure you want to rotate the ${role} key of ${gun}? ${effects(role)}`;
    if (!flags.isOn('yes') && !(await confirmByPerson(context, question, '--yes'))) {
      context.say('Nothing was changed.\n');
      return 1;
    }
    const rotated = await docker.rotateKey(gun, role, isServers ? 'server' : (chosen ?? 'new'));
    if (flags.isOn('json')) {
      shown(world, { gun, role, key: rotated.key, former: rotated.former });
      return 0;
    }
    world.print(
      `Successfully rotated ${role} key for repository ${gun}\nIts key is ${rotated.key}\n`,
    );
    const gone = rotated.former.filter((id) => id !== rotated.key);
    const here = (await docker.keyring.list()).filter(({ id }) => gone.includes(id));
    for (const { id } of here) world.print(advice(role, id, title));
    return 0;
  },
};

function effects(role: BaseRole | DelegationName): string {
  return role === 'root'
    ? 'Everybody who trusts this repository must follow to the new root; back the new key up.'
    : 'What the former key signed is signed again.';
}

function advice(role: BaseRole | DelegationName, id: string, title: string): string {
  return role === 'root'
    ? `Keep the former key ${id}: other repositories may have it as their root key\n`
    : `The former key ${id} is of no use any more: ${title} key rm ${id.slice(0, 12)}\n`;
}
