import { table } from '../table.ts';
import type { TrustCommand } from './command.ts';
import { jsonFlag, shown } from './shown.ts';

/** `docker trust key ls` */
export const keyLsCommand: TrustCommand = {
  path: 'key ls',
  summary: 'List the private keys of the trust folder',
  synopsis: '[OPTIONS]',
  takes: { exactly: 0 },
  flags: [jsonFlag],
  options: '      --json   Print JSON\n',
  isOurs: true,
  async run({ world, docker }, _args, flags) {
    const keys = await docker.keyring.list();
    if (flags.isOn('json')) {
      shown(
        world,
        keys.map(({ id, role, gun = null, algorithm = null, isEncrypted, location }) => {
          return { id, role, gun, algorithm, encrypted: isEncrypted, location };
        }),
      );
      return 0;
    }
    const rows = keys.map(({ id, role, gun, algorithm, isEncrypted, location }) => [
      ...[role || '-', gun ?? '-', id, algorithm ?? '-'],
      ...[isEncrypted ? 'yes' : 'NO', location],
    ]);
    const headings = ['ROLE', 'REPOSITORY', 'KEY ID', 'ALGORITHM', 'ENCRYPTED', 'LOCATION'];
    world.print(rows.length === 0 ? 'No keys.\n' : table(headings, rows));
    return 0;
  },
};
