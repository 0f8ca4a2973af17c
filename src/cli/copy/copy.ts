import { Command, Option } from 'commander';
import { isStoreError, type StoreError, sizeText } from '../../base/index.ts';
import { type CopiedImage, copyError } from '../../copy/index.ts';
import {
  formatImageReference,
  type ImageReference,
  isAboutAnother,
  parseImageReference,
  type Reference,
  type Tag,
  tagsAbout,
  withDefaultTag,
} from '../../oci/index.ts';
import { type CommonOptions, trustOf } from '../context.ts';
import { cliError } from '../errors.ts';
import { exitCodes, type Report } from '../exit-codes.ts';
import type { CliWorld, Copier } from '../ports.ts';
import { printable } from '../printable.ts';
import { table } from '../table.ts';
import { copyProgress } from './copy-progress.ts';
import { type CopyTrust, copyTrust, trustModeOf, trustModes } from './copy-trust.ts';

interface CopyOptions extends CommonOptions {
  readonly allTags?: boolean;
  readonly onlyImage?: boolean;
  readonly platform?: string;
  readonly trust?: (typeof trustModes)[number];
}

/** `copy SRC DST`: exit 0 when all that was asked for is there, 1 when something was refused. */
export function copyCommand(world: CliWorld, report: Report): Command {
  return new Command('copy')
    .description('Copy an image between registries, all of it')
    .argument('<src>', 'HOST[:PORT]/NAME[:TAG][@DIGEST]')
    .argument('<dst>', 'HOST[:PORT]/NAME[:TAG]')
    .option('-a, --all-tags', 'every tag; then neither side names one')
    .option('--platform <os/arch>', 'of an index only this image')
    .option('--only-image', 'without signatures, SBOMs and other referrers')
    .addOption(
      new Option('--trust <how>', 'ask for a signed tag; sign it there too').choices(trustModes),
    )
    .action(async (from: string, to: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<CopyOptions>();
      const sides = sidesOf(from, to, options.allTags ?? false);
      const { platform, onlyImage, json } = options;
      const ca = await trustOf(options.cacert);
      const mode = options.trust ?? trustModeOf(world.env);
      using trust = await copyTrust(mode, sides, () => world.docker(ca));
      const attached = !onlyImage;
      using copier = await world.openCopier({ ...sides, platform, attached, ...ca });
      const outcome = await (options.allTags
        ? copyAll(world, sides, copier, trust)
        : copyOne(world, sides, copier, trust));
      const signed = await trust.sign(outcome.images);
      const images = outcome.images.map((each) => ({ ...each, signed: signed.has(each.tag) }));
      world.print(
        json ? jsonOf(sides, images, outcome.refused) : rendered(images, outcome.refused),
      );
      report(outcome.refused.length === 0 ? exitCodes.done : exitCodes.no);
    });
}

export interface Sides {
  readonly source: ImageReference;
  readonly destination: ImageReference;
}

/** An image that was copied, and what it is called at the destination. */
export interface CopiedTag extends CopiedImage {
  readonly tag: Tag;
}

interface Refused {
  readonly tag: Tag;
  readonly code: string;
  readonly message: string;
}

interface Outcome {
  readonly images: readonly CopiedTag[];
  readonly refused: readonly Refused[];
}

/** @throws StoreError OCI_IMAGE_REFERENCE_INVALID, CLI_USAGE */
function sidesOf(from: string, to: string, isAll: boolean): Sides {
  const [source, destination] = [parseImageReference(from), parseImageReference(to)];
  if (destination.digest) throw usage('the destination takes a tag, not a digest');
  if (!isAll) return { source: withDefaultTag(source), destination: withDefaultTag(destination) };
  if (source.tag ?? source.digest ?? destination.tag) {
    throw usage('with --all-tags neither side names a tag or a digest');
  }
  return { source, destination };
}

function usage(reason: string) {
  return cliError('CLI_USAGE', { reason: `${reason}; see --help` });
}

async function copyOne(
  world: CliWorld,
  { source, destination }: Sides,
  copier: Copier,
  trust: CopyTrust,
): Promise<Outcome> {
  const reference = await trust.digestOf(source);
  const tag = destination.tag as Tag;
  return { images: [await copyTo(world, copier, reference, tag)], refused: [] };
}

/**
 * One tag after the other. What is refused is told at the end and stops no other; a registry that does not
 * answer ends it. Tags that say something about another image come with that image, or last.
 */
async function copyAll(
  world: CliWorld,
  { source }: Sides,
  copier: Copier,
  trust: CopyTrust,
): Promise<Outcome> {
  const tags = (await trust.tags()) ?? (await copier.tags());
  if (tags.length === 0) throw copyError('COPY_NO_TAGS', { repository: source.repository });
  const images: CopiedTag[] = [];
  const refused: Refused[] = [];
  const about = new Set<Tag>();
  for (const tag of [
    ...tags.filter((one) => !isAboutAnother(one)),
    ...tags.filter(isAboutAnother),
  ]) {
    if (about.has(tag)) continue;
    try {
      const reference = await trust.digestOf({ ...source, tag });
      const copied = await copyTo(world, copier, reference, tag);
      images.push(copied);
      for (const { digest } of copied.manifests)
        for (const each of tagsAbout(digest)) about.add(each);
    } catch (error) {
      if (!isStoreError(error) || isOver(error)) throw error;
      refused.push({ tag, code: error.code, message: error.message });
    }
  }
  return { images, refused };
}

/** True when it makes no sense to go on with the next tag. */
function isOver({ code, detail }: StoreError): boolean {
  if (detail.status === 429) return true;
  return /^REMOTE_(?!STATUS|ANSWER|TOO_LARGE|REDIRECT)/.test(code);
}

async function copyTo(
  world: CliWorld,
  copier: Copier,
  reference: Reference,
  tag: Tag,
): Promise<CopiedTag> {
  return { tag, ...(await copier.copy(reference, tag, copyProgress(world, tag))) };
}

type SignedTag = CopiedTag & { readonly signed: boolean };

function jsonOf(
  { source, destination }: Sides,
  images: readonly SignedTag[],
  refused: readonly Refused[],
): string {
  const names = {
    source: formatImageReference(source),
    destination: formatImageReference(destination),
  };
  return `${JSON.stringify({ ...names, images, refused }, null, 2)}\n`;
}

function rendered(images: readonly SignedTag[], refused: readonly Refused[]): string {
  const rows = images.map(({ tag, digest, manifests, attached, blobs, bytes, signed }) => [
    tag,
    digest,
    String(manifests.length),
    String(manifests.filter(({ subject }) => subject).length + attached.length),
    `${blobs.sent} of ${blobs.sent + blobs.there + blobs.mounted}, ${sizeText(bytes)}`,
    signed ? 'yes' : 'no',
  ]);
  const head = table(['TAG', 'DIGEST', 'MANIFESTS', 'ATTACHED', 'BLOBS SENT', 'SIGNED'], rows);
  const why = refused.map(({ tag, code, message }) => `${tag}: ${code}: ${printable(message)}\n`);
  return why.length === 0 ? head : `${head}\n${why.join('')}`;
}
