import { counted } from '../../base/index.ts';
import type { TrustCommand } from './command.ts';
import { parseImageName } from './image-name.ts';
import { jsonFlag, shown } from './shown.ts';
import { refusal } from './texts.ts';

/** `docker trust key export`: what `notary key export` gives, and `notary key import` takes. */
export const keyExportCommand: TrustCommand = {
  path: 'key export',
  summary: 'Export private keys, encrypted as they are',
  synopsis: '[OPTIONS] [KEYID...]',
  takes: { atLeast: 0 },
  flags: [
    { name: 'output', short: 'o', kind: 'text' },
    { name: 'repository', kind: 'list' },
    jsonFlag,
  ],
  options: [
    '      --json              Print JSON: which keys, and the PEM unless it goes to a\n',
    '                          file\n',
    '  -o, --output string     File to write to instead of standard output; it must\n',
    '                          not be there yet\n',
    '      --repository list   Only keys of these repositories\n',
  ].join(''),
  isOurs: true,
  async run({ world, docker }, names, flags) {
    const { keyring } = docker;
    const guns = flags.list('repository').map((name) => parseImageName(name).gun as string);
    const named = await Promise.all(names.map((name) => keyring.find(name)));
    const keys = names.length > 0 ? named : await keyring.list();
    const chosen = keys.filter(({ gun }) => guns.length === 0 || guns.includes(gun ?? ''));
    if (chosen.length === 0) throw refusal('no key to export');
    for (const { id, isEncrypted } of chosen) {
      if (!isEncrypted) world.printError(`WARNING: the key ${id} has no passphrase\n`);
    }
    const pem = await keyring.export(chosen.map(({ id }) => id));
    const file = flags.text('output');
    if (file !== undefined) await keyring.save(file, pem);
    if (flags.isOn('json')) {
      const keys = chosen.map(({ id, role, gun = null }) => ({ id, role, gun }));
      shown(world, { keys, ...(file === undefined ? { pem } : { file }) });
    } else if (file === undefined) world.print(pem);
    else {
      world.print(`Exported ${counted(chosen.length, 'key')} to ${file}\n`);
    }
    return 0;
  },
};
