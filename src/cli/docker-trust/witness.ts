import { counted } from '../../base/index.ts';
import type { Published, RoleChange } from '../../client/index.ts';
import { isTargetsRole, type RoleName } from '../../tuf/index.ts';
import { instant } from '../table.ts';
import type { TrustCommand } from './command.ts';
import { parseImageName } from './image-name.ts';
import { parseRole } from './role.ts';
import { jsonFlag, shown } from './shown.ts';
import { stage, stageFlag } from './stage.ts';
import { refusal } from './texts.ts';

/** `docker trust witness`: signs roles again as they are, valid for as long as if they were new. */
export const witnessCommand: TrustCommand = {
  path: 'witness',
  summary: 'Sign roles of a repository again as they are',
  synopsis: '[OPTIONS] REPOSITORY ROLE [ROLE...]',
  takes: { atLeast: 2 },
  flags: [stageFlag, jsonFlag],
  options: '      --json    Print JSON\n      --stage   Do not publish it yet\n',
  isOurs: true,
  async run(context, [name = '', ...names], flags) {
    const { world, docker } = context;
    const { gun } = parseImageName(name);
    const roles = names.map(parseRole);
    const changes = roles.map(changeOf);
    if (flags.isOn('stage')) {
      // Notary would stop at it for ever.
      if (roles.includes('root')) throw refusal('root is witnessed at once; leave --stage out');
      return await stage(context, gun, changes, flags);
    }
    const published = await docker.publish(gun, changes, 'refuse');
    const rows = roles.map((role) => rowOf(published, role));
    if (flags.isOn('json')) {
      shown(world, rows);
      return 0;
    }
    for (const { role, version, expiresAt, tags } of rows) {
      const what = tags === null ? '' : `; it signs ${counted(tags, 'tag')}`;
      world.print(
        `Witnessed ${role}: version ${version}, valid until ${instant(expiresAt)}${what}\n`,
      );
    }
    return 0;
  },
};

function changeOf(role: RoleName): RoleChange {
  if (role === 'root') return { kind: 'witness-root' };
  if (isTargetsRole(role)) return { kind: 'witness', role };
  throw refusal(`${role} cannot be witnessed; it is signed at every update`);
}

function rowOf({ trust: { set } }: Published, role: RoleName) {
  const targets = isTargetsRole(role) ? set.targets.get(role)?.file : undefined;
  const { version, expiresAt } = targets ?? set.root;
  return {
    role,
    version,
    expiresAt: expiresAt.toISOString(),
    tags: targets?.signed.targets.size ?? null,
  };
}
