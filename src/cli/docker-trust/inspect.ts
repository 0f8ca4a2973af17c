import { isStoreError } from '../../base/index.ts';
import { printable } from '../printable.ts';
import type { TrustCommand, TrustContext } from './command.ts';
import { parseImageName } from './image-name.ts';
import { prettySignatures } from './pretty-signatures.ts';
import { type Signatures, signaturesOf } from './signatures.ts';
import { refusal, wordsFor } from './texts.ts';

/** `docker trust inspect` */
export const inspectCommand: TrustCommand = {
  path: 'inspect',
  summary: 'Return low-level information about keys and signatures',
  synopsis: 'IMAGE[:TAG] [IMAGE[:TAG]...]',
  takes: { atLeast: 1 },
  flags: [{ name: 'pretty', kind: 'boolean' }],
  options: '      --pretty   Print the information in a human friendly format\n',
  run: (context, names, flags) =>
    flags.isOn('pretty') ? showPretty(context, names) : showJson(context, names),
};

/** All that can be shown is; the others are told on standard error, with the reason. */
async function showJson(context: TrustContext, names: readonly string[]): Promise<number> {
  const shown: object[] = [];
  const failures: string[] = [];
  for (const name of names) {
    try {
      shown.push(jsonOf(name, await look(context, name)));
    } catch (error) {
      if (!isStoreError(error)) throw error;
      failures.push(wordsFor(error));
    }
  }
  const { print, printError } = context.world;
  print(`${shown.length === 0 ? '[]' : JSON.stringify(shown, null, 4)}\n`);
  if (failures.length > 0) printError(`${failures.join('\n')}\n`);
  return failures.length === 0 ? 0 : 1;
}

async function showPretty(context: TrustContext, names: readonly string[]): Promise<number> {
  const { print } = context.world;
  for (const [i, name] of names.entries()) {
    print(prettySignatures(name, await look(context, name)));
    if (i < names.length - 1) print('\n\n');
  }
  return 0;
}

/** @throws StoreError CLI_DOCKER_TRUST with docker's sentence for all causes, and then the cause */
async function look({ docker }: TrustContext, name: string): Promise<Signatures> {
  const { gun, tag } = parseImageName(name);
  try {
    return signaturesOf(await docker.open(gun), tag);
  } catch (error) {
    if (!isStoreError(error)) throw error;
    const why =
      error.code === 'CLIENT_NO_TRUST_DATA' ? '' : ` (${error.code}: ${printable(error.message)})`;
    throw refusal(`no signatures or cannot access ${name}${why}`, error);
  }
}

function jsonOf(name: string, { tags, signers, rootKeys, repositoryKeys }: Signatures): object {
  const keys = (ids: readonly string[]) => ids.map((ID) => ({ ID }));
  return {
    Name: name,
    SignedTags: tags.map((row) => ({
      SignedTag: row.tag,
      Digest: row.digest,
      Signers: row.signers.length === 0 ? ['Repo Admin'] : row.signers,
    })),
    Signers: [...signers]
      .sort(([a], [b]) => (a > b ? -1 : 1))
      .map(([Name, ids]) => ({ Name, Keys: keys(ids) })),
    AdministrativeKeys: [
      { Name: 'Root', Keys: keys(rootKeys) },
      { Name: 'Repository', Keys: keys(repositoryKeys) },
    ],
  };
}
