import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cwd } from 'node:process';
import type { TrustCommand } from './command.ts';
import { jsonFlag, shown } from './shown.ts';
import { requireName } from './signer-name.ts';
import { refusal, systemWords } from './texts.ts';

/** `docker trust key generate` */
export const keyGenerateCommand: TrustCommand = {
  path: 'key generate',
  summary: 'Generate and load a signing key-pair',
  synopsis: 'NAME',
  takes: { exactly: 1 },
  flags: [{ name: 'dir', kind: 'text' }, jsonFlag],
  options: [
    '      --dir string   Directory to generate key in, defaults to current\n',
    '                     directory\n',
    '      --json         Print JSON\n',
  ].join(''),
  async run({ world, docker, say }, [name = ''], flags) {
    requireName('key', name);
    const folder = flags.text('dir') || cwd();
    if (!(await exists(folder))) throw refusal(`public key path does not exist: "${folder}"`);
    const file = join(folder, `${name}.pub`);
    if (await exists(file)) throw refusal(`public key file already exists: "${file}"`);
    say(`Generating key for ${name}...\n`);
    const { id, pem } = await docker.createSignerKey(name);
    await writeFile(file, pem, { mode: 0o600, flag: 'wx' }).catch((cause: unknown) => {
      const why = systemWords(cause, file);
      throw refusal(`failed to write public key to ${file}: ${why}`, cause);
    });
    say(
      `Successfully generated and loaded private key. Corresponding public key available: ${file}\n`,
    );
    if (flags.isOn('json')) shown(world, { name, id, file });
    return 0;
  },
};

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
