import { hexOf, isStoreError } from '../../base/index.ts';
import type { Published, Trust, TrustChange } from '../../client/index.ts';
import type { Tag } from '../../oci/index.ts';
import { digestOfTarget, findTarget, parseDelegationName } from '../../tuf/index.ts';
import { printable } from '../printable.ts';
import type { TrustCommand, TrustContext } from './command.ts';
import { type NamedImage, parseImageName } from './image-name.ts';
import type { Flags } from './parse-flags.ts';
import { jsonFlag, shown } from './shown.ts';
import { signaturesOf } from './signatures.ts';
import { stage, stageFlag } from './stage.ts';
import { refusal, wordsFor } from './texts.ts';
import { trustWords } from './trust-words.ts';

/** What is signed: an image or an index, as the registry has it. */
type Content = Pick<TrustChange & { kind: 'add-target' }, 'digest' | 'sizeBytes' | 'former'>;

/**
 * `docker trust sign`: signs what the registry has under a tag that is signed already; else pushes
 * the local image first, and begins the repository when nobody has.
 */
export const signCommand: TrustCommand = {
  path: 'sign',
  summary: 'Sign an image',
  synopsis: 'IMAGE:TAG',
  takes: { exactly: 1 },
  flags: [
    { name: 'local', kind: 'boolean' },
    { name: 'remote', kind: 'boolean' },
    stageFlag,
    jsonFlag,
  ],
  options: [
    '      --json     Print JSON\n',
    '      --local    Sign a locally tagged image\n',
    '      --remote   Sign what the registry has, such as an index of several platforms\n',
    '      --stage    Do not publish the signature yet\n',
  ].join(''),
  async run(context, [name = ''], flags) {
    const { world, say } = context;
    const image = parseTaggedName(name);
    const { gun, tag } = image;
    const trust = await openIfThere(context, image);
    const signed = trust && signedContent(trust, tag);
    const isStaged = flags.isOn('stage');
    if (isStaged && !trust) {
      throw refusal(`nobody has signed in ${gun} yet; sign its first tag without --stage`);
    }
    const source = sourceOf(flags, signed);
    const found = await findContent(context, image, source, signed);
    const changes = trust ? [] : [await firstSigner(context, image)];
    const content = found ?? (await pushLocal(context, image));
    const target: TrustChange = { kind: 'add-target', name: tag, ...content };
    if (isStaged) return await stage(context, gun, [target], flags);
    say(`Signing and pushing trust metadata${source === 'engine' ? '' : ` for ${name}`}\n`);
    if (trust && source === 'signed') say(existing(trust, tag, content));
    const published = await publishTag(context, image, [...changes, target]);
    say(`Successfully signed ${gun}:${tag}\n`);
    if (flags.isOn('json')) {
      const { digest, sizeBytes } = content;
      const { initialised, signed: roles } = published;
      shown(world, { gun, tag, digest, sizeBytes, initialised, signed: roles });
    }
    return 0;
  },
};

interface TaggedImage extends NamedImage {
  /** As it was typed. */
  readonly name: string;
  readonly tag: Tag;
}

function parseTaggedName(name: string): TaggedImage {
  const image = parseImageName(name);
  if (image.digest) throw refusal('cannot use a digest reference for IMAGE:TAG');
  const { tag } = image;
  if (!tag) throw refusal(`no tag specified for ${name}`);
  return { ...image, name, tag };
}

/** Whose word counts for what a tag is: what is signed already, the registry's, or the local image's. */
type Source = 'signed' | 'registry' | 'engine';

function sourceOf(flags: Flags, signed: Content | undefined): Source {
  const isLocal = flags.isOn('local');
  if (flags.isOn('remote')) {
    if (isLocal) throw refusal('--local and --remote exclude each other');
    return 'registry';
  }
  return isLocal || !signed ? 'engine' : 'signed';
}

/** @returns undefined for a local image, which is there and must be pushed to have a digest */
async function findContent(
  context: TrustContext,
  image: TaggedImage,
  source: Source,
  signed: Content | undefined,
): Promise<Content | undefined> {
  if (source === 'registry') return await remoteContent(context, image);
  if (source === 'signed') return signed;
  await context.docker.requireLocalImage(image.name);
  return undefined;
}

/** An index is signed as an index: whoever pulls it for any of its platforms gets what was signed. */
async function remoteContent(
  { world, docker }: TrustContext,
  image: TaggedImage,
): Promise<Content> {
  const { name } = image;
  const found = await docker.content(image, image.tag);
  if (!found) throw refusal(`the registry has no ${name}; push it first`);
  const { digest, sizeBytes, platforms } = found;
  const what = platforms ? `an index of ${platforms.join(', ')}` : 'an image of one platform';
  world.printError(`The registry has ${digest} under ${name}, ${printable(what)}\n`);
  return { digest, sizeBytes };
}

async function pushLocal(
  { world, docker, say }: TrustContext,
  { name, tag }: TaggedImage,
): Promise<Content> {
  world.printError(
    `Signing and pushing trust data for local image ${name}, may overwrite remote trust data\n`,
  );
  return await docker.push(name, tag, { print: say, printError: world.printError });
}

async function publishTag(
  { docker }: TrustContext,
  { gun, tag }: TaggedImage,
  changes: readonly TrustChange[],
): Promise<Published> {
  try {
    return await docker.publish(gun, changes, 'initialise');
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw refusal(`failed to sign ${gun}:${tag}: ${wordsFor(error)}`, error);
  }
}

/** Undefined for a repository in which nobody has signed yet. */
async function openIfThere(
  { docker }: TrustContext,
  { gun }: NamedImage,
): Promise<Trust | undefined> {
  try {
    return await docker.open(gun, 'for-writing');
  } catch (error) {
    if (isStoreError(error) && error.code === 'CLIENT_NO_TRUST_DATA') return undefined;
    if (!isStoreError(error) || error.code.startsWith('CONFIG_')) throw error;
    throw refusal(trustWords(error, gun, docker), error);
  }
}

function signedContent({ set }: Trust, tag: string): Content | undefined {
  try {
    const target = findTarget(set, tag);
    const { sizeBytes, hashes, custom } = target;
    const former = { hashes, ...(custom !== undefined && { custom }) };
    return { digest: digestOfTarget(target), sizeBytes, former };
  } catch (error) {
    if (isStoreError(error) && error.code.startsWith('TUF_TARGET_')) return undefined;
    throw error;
  }
}

/** Who is logged in at the registry signs first, with a key of that name. */
async function firstSigner(
  { docker, say }: TrustContext,
  { host, name }: TaggedImage,
): Promise<TrustChange> {
  const user = await docker.userOf(host);
  const role = user === '' ? 'targets' : `targets/${user}`;
  try {
    parseDelegationName(role);
  } catch (error) {
    throw refusal(
      `could not add signer to repo: ${printable(user || 'targets')}: tuf: invalid role ${printable(role)}. invalid delegation role name`,
      error,
    );
  }
  const key = await docker.signerKey(user);
  say(`Created signer: ${user}\n`);
  say(`Finished initializing signed repository for ${name}\n`);
  return { kind: 'add-signer', name: user, keys: [key] };
}

function existing(trust: Trust, tag: string, { digest }: Content): string {
  const row = signaturesOf(trust, tag).tags.find((each) => each.digest === hexOf(digest));
  const signers = [...(row?.signers ?? [])].sort();
  return `Existing signatures for tag ${tag} digest ${hexOf(digest)} from:\n${signers.join(', ')}\n`;
}
