import { readFile } from 'node:fs/promises';
import { isStoreError } from '../../base/index.ts';
import type { PublicKey } from '../../tuf/index.ts';
import type { TrustCommand, TrustContext } from './command.ts';
import { parseImageName } from './image-name.ts';
import { requireName } from './signer-name.ts';
import { refusal, wordsFor } from './texts.ts';

/** `docker trust signer add` */
export const signerAddCommand: TrustCommand = {
  path: 'signer add',
  summary: 'Add a signer',
  synopsis: 'OPTIONS NAME REPOSITORY [REPOSITORY...] ',
  takes: { atLeast: 2 },
  flags: [{ name: 'key', kind: 'list' }],
  options: "      --key list   Path to the signer's public key file\n",
  async run(context, [name = '', ...repositories], flags) {
    const { world, docker } = context;
    requireName('signer', name);
    if (name === 'releases') {
      throw refusal('releases is a reserved keyword, use a different signer name');
    }
    const files = flags.list('key');
    if (files.length === 0) {
      throw refusal('path to a public key must be provided using the `--key` flag');
    }
    const keys: PublicKey[] = [];
    for (const file of files) keys.push(await readKey(docker, file));
    const failed: string[] = [];
    for (const repository of repositories) {
      world.print(`Adding signer "${name}" to ${repository}...\n`);
      try {
        await add(context, name, keys, repository);
        world.print(`Successfully added signer: ${name} to ${repository}\n\n`);
      } catch (error) {
        if (!isStoreError(error)) throw error;
        world.printError(`${wordsFor(error)}\n\n`);
        failed.push(repository);
      }
    }
    if (failed.length > 0) throw refusal(`failed to add signer to: ${failed.join(', ')}`);
    return 0;
  },
};

async function readKey(docker: TrustContext['docker'], file: string): Promise<PublicKey> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'no such file or directory' : cause.code;
    throw refusal(`unable to read public key from file: open ${file}: ${why}`, cause);
  });
  try {
    return docker.parsePublicKeyFile(bytes);
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw refusal(`could not parse public key from file: ${file}: ${wordsFor(error)}`, error);
  }
}

async function add(
  { world, docker }: TrustContext,
  name: string,
  keys: readonly PublicKey[],
  repository: string,
): Promise<void> {
  const { gun } = parseImageName(repository);
  const published = await docker.publish(gun, [{ kind: 'add-signer', name, keys }], 'initialise');
  if (!published.initialised) return;
  world.print(`Initializing signed repository for ${repository}...\n`);
  world.print(`Successfully initialized "${repository}"\n`);
}
