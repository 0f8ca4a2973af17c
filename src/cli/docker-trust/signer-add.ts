import { readFile } from 'node:fs/promises';
import { isStoreError } from '../../base/index.ts';
import type { PublicKey } from '../../tuf/index.ts';
import type { TrustCommand, TrustContext } from './command.ts';
import { inEachRepository } from './each-repository.ts';
import { parseImageName } from './image-name.ts';
import { jsonFlag } from './shown.ts';
import { requireName } from './signer-name.ts';
import { refusal, systemWords, wordsFor } from './texts.ts';
import { trustWords } from './trust-words.ts';

/** `docker trust signer add` */
export const signerAddCommand: TrustCommand = {
  path: 'signer add',
  summary: 'Add a signer',
  synopsis: 'OPTIONS NAME REPOSITORY [REPOSITORY...] ',
  takes: { atLeast: 2 },
  flags: [{ name: 'key', kind: 'list' }, jsonFlag],
  options: [
    '      --json       Print JSON\n',
    "      --key list   Path to the signer's public key file\n",
  ].join(''),
  async run(context, [name = '', ...repositories], flags) {
    const { docker, say } = context;
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
    return await inEachRepository(context, {
      ...{ signer: name, repositories, asJson: flags.isOn('json') },
      failure: 'failed to add signer to',
      async work(repository) {
        say(`Adding signer "${name}" to ${repository}...\n`);
        await add(context, name, keys, repository);
        say(`Successfully added signer: ${name} to ${repository}\n\n`);
        return true;
      },
    });
  },
};

async function readKey(docker: TrustContext['docker'], file: string): Promise<PublicKey> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    const why = systemWords(cause, file);
    throw refusal(`unable to read public key from file: ${why}`, cause);
  });
  try {
    return docker.parsePublicKeyFile(bytes);
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw refusal(`could not parse public key from file: ${file}: ${wordsFor(error)}`, error);
  }
}

async function add(
  { docker, say }: TrustContext,
  name: string,
  keys: readonly PublicKey[],
  repository: string,
): Promise<void> {
  const { gun } = parseImageName(repository);
  const changes = [{ kind: 'add-signer', name, keys }] as const;
  const published = await docker.publish(gun, changes, 'initialise').catch((error: unknown) => {
    if (!isStoreError(error) || error.code.startsWith('CONFIG_')) throw error;
    throw refusal(trustWords(error, gun, docker), error);
  });
  if (!published.initialised) return;
  say(`Initializing signed repository for ${repository}...\n`);
  say(`Successfully initialized "${repository}"\n`);
}
