import { readFile, stat } from 'node:fs/promises';
import { isStoreError } from '../../base/index.ts';
import type { TrustCommand } from './command.ts';
import { jsonFlag, shown } from './shown.ts';
import { requireName } from './signer-name.ts';
import { refusal, systemWords, wordsFor } from './texts.ts';

/** What docker keeps a key for that is given no name. */
const unnamedRole = 'delegation';

/** `docker trust key load`; encrypted keys too, which docker passes over in silence. */
export const keyLoadCommand: TrustCommand = {
  path: 'key load',
  summary: 'Load a private key file for signing',
  synopsis: '[OPTIONS] KEYFILE',
  takes: { exactly: 1 },
  flags: [{ name: 'name', kind: 'text' }, jsonFlag],
  options: [
    '      --json          Print JSON\n',
    '      --name string   Name for the loaded key (default "signer")\n',
  ].join(''),
  async run({ world, docker, say }, [file = ''], flags) {
    const given = flags.text('name') ?? 'signer';
    if (given !== '') requireName('key', given);
    const name = given || unnamedRole;
    say(`Loading key from "${file}"...\n`);
    const bytes = await readOwnFile(file);
    const id = await docker.loadSignerKey(name, bytes, file).catch((error: unknown) => {
      if (!isStoreError(error)) throw error;
      throw refusal(`error importing key from ${file}: ${reasonOf(error, file)}`, error);
    });
    say(`Successfully imported key from ${file}\n`);
    if (flags.isOn('json')) shown(world, { name, id });
    return 0;
  },
};

/** A key that others may read is nobody's secret any more. */
async function readOwnFile(file: string): Promise<Uint8Array> {
  try {
    const { mode } = await stat(file);
    // Windows keeps no such bits.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw refusal(
        `refusing to load key from ${file}: private key file ${file} must not be readable or writable by others`,
      );
    }
    return await readFile(file);
  } catch (error) {
    const why = systemWords(error, file);
    if (why === undefined) throw error;
    throw refusal(`refusing to load key from ${file}: ${why}`, error);
  }
}

function reasonOf(error: Parameters<typeof wordsFor>[0], file: string): string {
  switch (error.code) {
    case 'FOLDER_KEY_PASSPHRASE':
      return `cannot load key from provided file ${file}: could not decrypt key`;
    case 'FOLDER_KEY_MALFORMED':
    case 'FOLDER_KEY_UNSUPPORTED':
      return `provided file ${file} is not a supported private key - to add a signer's public key use docker trust signer add`;
    default:
      return wordsFor(error);
  }
}
