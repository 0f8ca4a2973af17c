import type { TrustCommand } from './command.ts';
import { nameOf } from './key-outcomes.ts';

/** `docker trust key passwd` */
export const keyPasswdCommand: TrustCommand = {
  path: 'key passwd',
  summary: 'Change the passphrase of a private key',
  synopsis: 'KEYID',
  takes: { exactly: 1 },
  flags: [],
  options: '',
  isOurs: true,
  async run({ world, docker }, [text = '']) {
    const key = await docker.keyring.find(text);
    await docker.keyring.changePassphrase(key.id);
    world.print(`Changed the passphrase of the ${nameOf(key)}\n`);
    return 0;
  },
};
