import type { KeyOutcome } from '../keyring.ts';
import type { TrustCommand } from './command.ts';
import { parseImageName } from './image-name.ts';
import { reportKeys } from './key-outcomes.ts';
import { progressOf } from './progress.ts';
import { readInput } from './read-input.ts';
import { jsonFlag } from './shown.ts';

/** `docker trust key import`: what notary and we export, and bare PEM keys. */
export const keyImportCommand: TrustCommand = {
  path: 'key import',
  summary: 'Import private keys from PEM files; none is overwritten',
  synopsis: '[OPTIONS] FILE [FILE...]',
  takes: { atLeast: 1 },
  flags: [
    { name: 'role', short: 'r', kind: 'text' },
    { name: 'repository', kind: 'text' },
    jsonFlag,
  ],
  options: [
    '      --json                Print JSON\n',
    '      --repository string   For keys of targets and snapshot that do not say whose\n',
    '                            they are\n',
    '  -r, --role string         For keys that do not say their role (default\n',
    '                            "delegation")\n',
  ].join(''),
  isOurs: true,
  async run({ world, docker }, files, flags) {
    const repository = flags.text('repository');
    const gun = repository === undefined ? undefined : parseImageName(repository).gun;
    const outcomes: KeyOutcome[] = [];
    for (const file of files) {
      const progress = progressOf(world, `importing ${file}`);
      const defaults = { role: flags.text('role'), gun };
      const bytes = await readInput(file);
      outcomes.push(...(await docker.keyring.import(bytes, file, defaults, progress)));
    }
    const words = { kept: 'Imported', there: 'Already there:' };
    return reportKeys(world, outcomes, words, flags.isOn('json'));
  },
};
