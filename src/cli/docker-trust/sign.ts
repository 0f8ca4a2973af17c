import { hexOf, isStoreError } from '../../base/index.ts';
import type { Trust, TrustChange } from '../../client/index.ts';
import type { Tag } from '../../oci/index.ts';
import { digestOfTarget, findTarget, parseDelegationName } from '../../tuf/index.ts';
import { printable } from '../printable.ts';
import type { TrustCommand, TrustContext } from './command.ts';
import { type NamedImage, parseImageName } from './image-name.ts';
import { jsonFlag, shown } from './shown.ts';
import { signaturesOf } from './signatures.ts';
import { stage, stageFlag } from './stage.ts';
import { refusal, wordsFor } from './texts.ts';

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
    const { world, docker, say } = context;
    const image = parseImageName(name);
    if (image.digest) throw refusal('cannot use a digest reference for IMAGE:TAG');
    const { gun, tag } = image;
    if (!tag) throw refusal(`no tag specified for ${name}`);
    const trust = await openIfThere(context, image);
    const signed = trust && signedContent(trust, tag);
    const isStaged = flags.isOn('stage');
    if (isStaged && !trust) {
      throw refusal(`nobody has signed in ${gun} yet; sign its first tag without --stage`);
    }
    const isRemote = flags.isOn('remote');
    if (isRemote && flags.isOn('local')) throw refusal('--local and --remote exclude each other');
    const found = isRemote ? await remoteContent(context, image, tag, name) : undefined;
    const isLocal = !isRemote && (!signed || flags.isOn('local'));
    if (isLocal) await docker.requireLocalImage(name);
    const changes = trust ? [] : [await firstSigner(context, image, name)];
    if (isLocal) {
      world.printError(
        `Signing and pushing trust data for local image ${name}, may overwrite remote trust data\n`,
      );
    }
    const watcher = { print: say, printError: world.printError };
    const pushed = isLocal ? await docker.push(name, tag, watcher) : undefined;
    const content = found ?? pushed ?? signed;
    if (!content) throw new TypeError('there is nothing to sign');
    const target = { kind: 'add-target', name: tag, ...content } as const;
    if (isStaged) return await stage(context, gun, [target], flags);
    say(`Signing and pushing trust metadata${isLocal ? '' : ` for ${name}`}\n`);
    if (trust && signed && !isLocal && !isRemote) say(existing(trust, tag, signed));
    const published = await docker
      .publish(gun, [...changes, target], 'initialise')
      .catch((error: unknown) => {
        if (!isStoreError(error)) throw error;
        throw refusal(`failed to sign ${gun}:${tag}: ${wordsFor(error)}`, error);
      });
    say(`Successfully signed ${gun}:${tag}\n`);
    if (flags.isOn('json')) {
      const { digest, sizeBytes } = content;
      const { initialised, signed: roles } = published;
      shown(world, { gun, tag, digest, sizeBytes, initialised, signed: roles });
    }
    return 0;
  },
};

/** An index is signed as an index: whoever pulls it for any of its platforms gets what was signed. */
async function remoteContent(
  { world, docker }: TrustContext,
  image: NamedImage,
  tag: Tag,
  name: string,
): Promise<Content> {
  const found = await docker.content(image, tag);
  if (!found) throw refusal(`the registry has no ${name}; push it first`);
  const { digest, sizeBytes, platforms } = found;
  const what = platforms ? `an index of ${platforms.join(', ')}` : 'an image of one platform';
  world.printError(`The registry has ${digest} under ${name}, ${printable(what)}\n`);
  return { digest, sizeBytes };
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
    throw error;
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
  { host }: NamedImage,
  name: string,
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
