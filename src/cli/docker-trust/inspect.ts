import { isStoreError, type StoreError } from '../../base/index.ts';
import { printable } from '../printable.ts';
import type { TrustCommand, TrustContext } from './command.ts';
import { parseImageName } from './image-name.ts';
import { type Platforms, platformsOf } from './platforms.ts';
import { prettySignatures } from './pretty-signatures.ts';
import { type Signatures, signaturesOf } from './signatures.ts';
import { refusal, wordsFor } from './texts.ts';

/** `docker trust inspect`; what the trust policy of this person refuses is no signature. */
export const inspectCommand: TrustCommand = {
  path: 'inspect',
  summary: 'Return low-level information about keys and signatures',
  synopsis: 'IMAGE[:TAG] [IMAGE[:TAG]...]',
  takes: { atLeast: 1 },
  flags: [
    { name: 'platforms', kind: 'boolean' },
    { name: 'pretty', kind: 'boolean' },
  ],
  options: [
    '      --platforms   Also name the platforms of each tag that is an index, which the\n',
    '                    registry is asked for\n',
    '      --pretty      Print the information in a human friendly format\n',
  ].join(''),
  run: (context, names, flags) => {
    const look: Look = flags.isOn('platforms') ? lookAtPlatforms : lookAt;
    return flags.isOn('pretty') ? showPretty(context, names, look) : showJson(context, names, look);
  },
};

/** What is signed under a name, and counts. */
interface Looked extends Signatures {
  /** By digest, where that was asked for, what of it is an index. */
  readonly platforms?: Platforms;
  /** Why the trust policy lets other tags not count. */
  readonly refusals: readonly StoreError[];
}

type Look = (context: TrustContext, name: string) => Promise<Looked>;

/** All that can be shown is; the others are told on standard error, with the reason. */
async function showJson(
  context: TrustContext,
  names: readonly string[],
  look: Look,
): Promise<number> {
  const shown: object[] = [];
  const failures: string[] = [];
  for (const name of names) {
    try {
      const found = await look(context, name);
      shown.push(jsonOf(name, found));
      failures.push(...found.refusals.map(wordsFor));
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

async function showPretty(
  context: TrustContext,
  names: readonly string[],
  look: Look,
): Promise<number> {
  const { print, printError } = context.world;
  const refusals: StoreError[] = [];
  for (const [i, name] of names.entries()) {
    const found = await look(context, name);
    print(prettySignatures(name, found, found.platforms));
    refusals.push(...found.refusals);
    if (i < names.length - 1) print('\n\n');
  }
  for (const refusal of refusals) printError(`${wordsFor(refusal)}\n`);
  return refusals.length === 0 ? 0 : 1;
}

/**
 * A tag that the trust policy does not let count is left out and told; one that was asked for is refused.
 * @throws StoreError CLI_DOCKER_TRUST with docker's sentence for all causes, and then the cause
 */
async function lookAt({ docker }: TrustContext, name: string): Promise<Looked> {
  const { gun, tag } = parseImageName(name);
  return await readable(name, async () => {
    const found = signaturesOf(await docker.open(gun), tag);
    const refused = await docker.refusals(gun);
    const refusal = tag && refused.get(tag);
    if (refusal) throw refusal;
    const tags = found.tags.filter((row) => !refused.has(row.tag));
    return { ...found, tags, refusals: tag ? [] : [...refused.values()] };
  });
}

async function lookAtPlatforms(context: TrustContext, name: string): Promise<Looked> {
  const found = await lookAt(context, name);
  return await readable(name, async () => {
    const platforms = await platformsOf(context.docker, parseImageName(name), found);
    return { ...found, platforms };
  });
}

async function readable<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isStoreError(error)) throw error;
    const why =
      error.code === 'CLIENT_NO_TRUST_DATA' ? '' : ` (${error.code}: ${printable(error.message)})`;
    throw refusal(`no signatures or cannot access ${name}${why}`, error);
  }
}

function jsonOf(name: string, found: Looked): object {
  const { tags, signers, rootKeys, repositoryKeys, platforms } = found;
  const keys = (ids: readonly string[]) => ids.map((ID) => ({ ID }));
  return {
    Name: name,
    SignedTags: tags.map((row) => ({
      SignedTag: row.tag,
      Digest: row.digest,
      Signers: row.signers.length === 0 ? ['Repo Admin'] : row.signers,
      ...(platforms && { Platforms: platforms.get(row.digest) ?? null }),
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
