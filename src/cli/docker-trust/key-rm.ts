import { cliError } from '../errors.ts';
import type { Keyring, ListedKey } from '../keyring.ts';
import type { TrustCommand } from './command.ts';
import { confirmByPerson } from './confirm.ts';
import { nameOf } from './key-outcomes.ts';
import { jsonFlag, shown } from './shown.ts';

/**
 * `docker trust key rm`. Without its last root key nobody can ever rotate a key of a repository again:
 * `--yes` alone is not enough for that one.
 */
export const keyRmCommand: TrustCommand = {
  path: 'key rm',
  summary: 'Remove a private key from the trust folder',
  synopsis: '[OPTIONS] KEYID',
  takes: { exactly: 1 },
  flags: [
    { name: 'yes', short: 'y', kind: 'boolean' },
    { name: 'last-root', kind: 'boolean' },
    jsonFlag,
  ],
  options: [
    '      --json        Print JSON\n',
    '      --last-root   Also when it is the last root key of a repository\n',
    '  -y, --yes         Do not prompt for confirmation\n',
  ].join(''),
  isOurs: true,
  async run(context, [text = ''], flags) {
    const { world, docker } = context;
    const key = await docker.keyring.find(text);
    const guns = await lastRootOf(docker.keyring, key);
    const isAllowed = flags.isOn('last-root');
    if (guns.length > 0) {
      world.printError(
        `WARNING: ${key.id} is the only root key of ${guns.join(', ')} in this folder. Without a backup of it, no key of what it is the root of can ever be replaced.\n`,
      );
      if (!isAllowed && !world.isTerminal) {
        throw cliError('CLI_LAST_ROOT', { keyId: key.id, guns });
      }
    }
    const question = `Are you sure you want to remove the ${nameOf(key)} from ${key.location}?`;
    const isTold = flags.isOn('yes') && (guns.length === 0 || isAllowed);
    if (!isTold && !(await confirmByPerson(context, question, '--yes'))) {
      context.say('Nothing was removed.\n');
      return 1;
    }
    await docker.keyring.remove(key.id);
    if (flags.isOn('json')) shown(world, { id: key.id, role: key.role, gun: key.gun ?? null });
    else world.print(`Removed the ${nameOf(key)}\n`);
    return 0;
  },
};

/** A root key without another is the last one too where no metadata is kept, as after a restore. */
async function lastRootOf(keyring: Keyring, { id, role }: ListedKey): Promise<readonly string[]> {
  const guns = await keyring.lastRootOf(id);
  if (guns.length > 0 || role !== 'root') return guns;
  const others = (await keyring.list()).filter((key) => key.role === 'root' && key.id !== id);
  return others.length > 0 ? [] : ['every repository that was begun with it'];
}
