import { counted } from '../../base/index.ts';
import { exitCodes } from '../exit-codes.ts';
import { printable } from '../printable.ts';
import type { TrustCommand } from './command.ts';
import { nameOf, reportKeys } from './key-outcomes.ts';
import { progressOf } from './progress.ts';
import { readInput } from './read-input.ts';
import { jsonFlag, shown } from './shown.ts';

/** `docker trust key backup` */
export const keyBackupCommand: TrustCommand = {
  path: 'key backup',
  summary: 'Back all private keys up to one file, and try the backup',
  synopsis: '[OPTIONS] FILE',
  takes: { exactly: 1 },
  flags: [{ name: 'untried', kind: 'boolean' }, jsonFlag],
  options: [
    '      --json      Print JSON\n',
    '      --untried   Keep the backup although keys in it could not be opened\n',
  ].join(''),
  isOurs: true,
  async run({ world, docker }, [file = ''], flags) {
    const progress = progressOf(world, 'opening each key of the backup');
    const keys = await docker.keyring.backup(file, flags.isOn('untried'), progress);
    const failed = keys.filter(({ failure }) => failure !== undefined);
    const opened = keys.length - failed.length;
    for (const key of failed) {
      const { code = '', message = '' } = key.failure ?? {};
      world.printError(`WARNING: ${nameOf(key)} did not open: ${code}: ${printable(message)}\n`);
    }
    if (flags.isOn('json')) {
      const rows = keys.map(({ id, role, gun = null, failure = null }) => {
        return { id, role, gun, opened: failure === null, failure };
      });
      shown(world, { file, keys: rows });
    } else {
      world.print(
        `Backed up ${counted(keys.length, 'key')} to ${file}; restored it to a scratch folder and opened ${opened} of them.\n`,
      );
    }
    return exitCodes.done;
  },
};

/** `docker trust key restore` */
export const keyRestoreCommand: TrustCommand = {
  path: 'key restore',
  summary: 'Restore private keys from a backup; none is overwritten',
  synopsis: '[OPTIONS] FILE',
  takes: { exactly: 1 },
  flags: [jsonFlag],
  options: '      --json   Print JSON\n',
  isOurs: true,
  async run({ world, docker }, [file = ''], flags) {
    const progress = progressOf(world, 'restoring keys');
    const outcomes = await docker.keyring.restore(await readInput(file), file, progress);
    const words = { kept: 'Restored', there: 'Already there:' };
    return reportKeys(world, outcomes, words, flags.isOn('json'));
  },
};
