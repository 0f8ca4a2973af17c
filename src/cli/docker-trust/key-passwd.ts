import type { TrustCommand } from './command.ts';
import { nameOf } from './key-outcomes.ts';
import { jsonFlag, shown } from './shown.ts';

/** `docker trust key passwd` */
export const keyPasswdCommand: TrustCommand = {
  path: 'key passwd',
  summary: 'Change the passphrase of a private key',
  synopsis: '[OPTIONS] KEYID',
  takes: { exactly: 1 },
  flags: [jsonFlag],
  options: '      --json   Print JSON\n',
  isOurs: true,
  async run({ world, docker }, [text = ''], flags) {
    const key = await docker.keyring.find(text);
    await docker.keyring.changePassphrase(key.id);
    if (flags.isOn('json')) shown(world, { id: key.id, role: key.role, gun: key.gun ?? null });
    else world.print(`Changed the passphrase of the ${nameOf(key)}\n`);
    return 0;
  },
};
