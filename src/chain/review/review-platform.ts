import { algorithmOf, collectBytes, digestOf, isStoreError, type Json } from '../../base/index.ts';
import { type Finding, printable } from '../../findings/index.ts';
import {
  type ImageConfig,
  imageConfigLimitBytes,
  LayeredFilesystem,
  layerFormatOf,
  type Platform,
  parseImageConfig,
  type RepositoryName,
} from '../../oci/index.ts';
import { reviewError } from './errors.ts';
import type { Extract } from './extract.ts';
import type { FindingList } from './finding-list.ts';
import { hygieneRules } from './hygiene/rules.ts';
import { isRunnable, type PlatformImage } from './image.ts';
import {
  layerFindings,
  layerTypeFindings,
  mergeProblem,
  problemFinding,
} from './layer-findings.ts';
import type { LayerShelf } from './layer-shelf.ts';
import { type Inventory, takeInventory } from './packages.ts';
import type { ReviewLimits } from './policy.ts';
import type { Advisories, ReviewBlobs } from './ports.ts';
import { found } from './rules.ts';
import type { LayerScan } from './scan-layer.ts';
import { secretsInConfig } from './secret-words.ts';
import { findVulnerabilities } from './vulnerabilities.ts';

export interface PlatformPorts {
  readonly repository: RepositoryName;
  readonly blobs: ReviewBlobs;
  readonly shelf: LayerShelf;
  readonly advisories: Advisories;
  readonly limits: ReviewLimits;
  /** Where findings go, as they are made. */
  readonly findings: FindingList;
}

/** What was seen of one platform. */
export interface PlatformReview {
  readonly platform: string;
  readonly inventory: Inventory;
  /** For the evidence. */
  readonly report: Json;
}

/**
 * Looks at one platform of an image: its configuration, each of its layers once, and the files a
 * container would see.
 *
 * @throws StoreError REVIEW_IMAGE_GONE, and what reading blobs throws: then nothing was judged
 */
export async function reviewPlatform(
  image: PlatformImage,
  ports: PlatformPorts,
  signal?: AbortSignal,
): Promise<PlatformReview> {
  const { config, problem } = await readConfig(image, ports);
  const platform = platformName(image.platform, config);
  const platforms = [platform];
  const layers = image.layers.filter(({ mediaType }) => layerFormatOf(mediaType));
  const scans: LayerScan[] = [];
  for (const { digest } of layers) scans.push(await ports.shelf.take(digest, signal));
  const { view, findings: overlay } = await layOver(scans, platforms);
  const inventory = takeInventory(view);
  const { findings } = ports;
  if (problem) findings.add(configFinding(image, problem, platforms));
  findings.addAll(layerTypeFindings(image.layers, platforms));
  findings.addAll(layerFindings(scans, config, platforms));
  findings.addAll(overlay);
  if (config) {
    findings.addAll(secretsInConfig(config, platforms));
    const { annotations, layers } = image;
    const subject = { platforms, config, annotations, view, layers, limits: ports.limits };
    for (const rule of hygieneRules) {
      findings.addAll(rule(subject));
      await otherWork();
    }
  }
  findings.addAll(packageFindings(inventory, platforms));
  findings.addAll(findVulnerabilities(inventory, ports.advisories, platforms));
  const report = platformReport(image, platform, scans, inventory);
  ports.shelf.putBack(layers.map(({ digest }) => digest));
  return { platform, inventory, report };
}

/** The configuration that the manifest names, or why it is none. */
async function readConfig(
  image: PlatformImage,
  { repository, blobs }: PlatformPorts,
): Promise<{ config: ImageConfig | undefined; problem: string | undefined }> {
  const { digest, mediaType } = image.config;
  if (!isRunnable(image)) {
    return { config: undefined, problem: `it is of the type ${mediaType}, which is no image's` };
  }
  const bytes = await collectBytes(blobs.read(digest), imageConfigLimitBytes);
  if (!bytes)
    return { config: undefined, problem: `it is larger than ${imageConfigLimitBytes} bytes` };
  if (digestOf(bytes, algorithmOf(digest)) !== digest) {
    throw reviewError('REVIEW_IMAGE_GONE', { repository, digest });
  }
  try {
    return { config: parseImageConfig(bytes), problem: undefined };
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return { config: undefined, problem: error.message };
  }
}

function configFinding(
  { config }: PlatformImage,
  problem: string,
  platforms: readonly string[],
): Finding {
  const detail = `configuration ${config.digest}: ${printable(problem, 1_000)}`;
  return found('HYGIENE_CONFIG_MALFORMED', { subject: config.digest, detail, platforms });
}

async function layOver(
  scans: readonly LayerScan[],
  platforms: readonly string[],
): Promise<{ view: LayeredFilesystem<Extract>; findings: readonly Finding[] }> {
  const view = new LayeredFilesystem<Extract>();
  const findings: Finding[] = [];
  for (const { digest, entries } of scans) {
    try {
      view.addLayer(entries);
    } catch (error) {
      findings.push(problemFinding(digest, mergeProblem(error), platforms));
    }
    await otherWork();
  }
  return { view, findings };
}

/** The process has more to do than this review: requests get their turn. */
function otherWork(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function packageFindings(inventory: Inventory, platforms: readonly string[]): Finding[] {
  const { packages, troubles } = inventory;
  const unread = troubles.map((detail) =>
    found('PACKAGES_UNREADABLE', { subject: detail, detail, platforms }),
  );
  if (packages.length > 0) return unread;
  const detail = 'the image has no list of packages that could be compared with advisories';
  return [...unread, found('PACKAGES_NOT_FOUND', { subject: 'packages', detail, platforms })];
}

/** `linux/arm/v7`. */
function platformName(named: Platform | undefined, config: ImageConfig | undefined): string {
  const { os, architecture, variant } = config ??
    named ?? { os: '', architecture: '', variant: '' };
  return printable(
    [os || 'unknown', architecture || 'unknown', variant].filter(Boolean).join('/'),
    100,
  );
}

function platformReport(
  { digest, config }: PlatformImage,
  platform: string,
  scans: readonly LayerScan[],
  { distribution, packages }: Inventory,
): Json {
  return {
    platform,
    manifest: digest,
    config: config.digest,
    system: distribution?.name ?? null,
    packages: packages.length,
    layers: scans.map((scan) => ({
      digest: scan.digest,
      diffId: scan.diffId ?? null,
      unpackedBytes: scan.sizeBytes,
      entries: scan.entries.length,
      searchedInPart: scan.cutShort,
      problem: scan.problem?.code ?? null,
    })),
  };
}
