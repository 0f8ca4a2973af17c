import type { Json } from '../../base/index.ts';
import type { Finding } from '../../findings/index.ts';
import { mergeFindings } from '../../findings/index.ts';
import type { Review, ReviewRequest } from '../ports.ts';
import { ReviewBudget } from './budget.ts';
import { FindingList } from './finding-list.ts';
import { readPlatforms } from './image.ts';
import { type Judgement, judgeFindings } from './judge.ts';
import { LayerShelf } from './layer-shelf.ts';
import type { InstalledPackage } from './packages.ts';
import { policyDigest, policyJson, type ReviewPolicy } from './policy.ts';
import type { Advisories, ReviewPorts } from './ports.ts';
import { type PlatformReview, reviewPlatform } from './review-platform.ts';
import { found } from './rules.ts';

/** A review, and the bill of materials it was made from. */
export interface ImageReview extends Review {
  readonly packages: readonly ReviewedPackage[];
}

/** A package, with the platforms of the image that have it. */
export interface ReviewedPackage extends InstalledPackage {
  readonly platforms: readonly string[];
}

/**
 * Looks at an image that has been checked: what is wrong with it, and what the policy makes of
 * that. Each layer is read once, whatever it holds; memory depends on the number of files, time on
 * the bytes unpacked, and both have limits. The image can do nothing that is not a finding.
 *
 * @param now     reference time: waivers of the policy end
 * @param signal  stops the review between two pieces of a layer
 * @throws StoreError REVIEW_IMAGE_GONE, and what the ports throw: then nothing was judged, and the
 *         review can be tried again
 */
export async function review(
  request: ReviewRequest,
  ports: ReviewPorts,
  policy: ReviewPolicy,
  now: Date,
  signal?: AbortSignal,
): Promise<ImageReview> {
  const { repository, image, notes, subject } = request;
  const advisories = await ports.advisories.current();
  const { platforms, attestations } = await readPlatforms(
    repository,
    image.manifests,
    ports.images,
  );
  const budget = new ReviewBudget(policy.limits);
  const every = platforms.flatMap(({ layers }) => layers.map(({ digest }) => digest));
  const shelf = new LayerShelf(ports, budget, every);
  const { blobs } = ports;
  const findings = new FindingList();
  const context = { repository, blobs, shelf, advisories, limits: policy.limits, findings };
  const seen: PlatformReview[] = [];
  for (const platform of platforms) {
    seen.push(await reviewPlatform(platform, context, signal));
  }
  if (platforms.length === 0) {
    const detail = 'the index names no image that could be run';
    findings.add(found('HYGIENE_LAYER_TYPE', { subject: subject.digest, detail }));
  }
  findings.addAll(tagFindings(subject.tag));
  findings.addAll(advisoryFindings(advisories, seen));
  const judgement = judgeFindings(mergeFindings([...findings.all(), ...notes]), policy, now);
  const packages = billOfMaterials(seen);
  return {
    findings: judgement.findings,
    refusal: judgement.refusal,
    approval: policy.approval,
    policyDigest: policyDigest(policy),
    packages,
    report: {
      reviewedAt: now.toISOString(),
      platforms: seen.map(({ report }) => report),
      attestations: [...attestations],
      advisories: advisoriesJson(advisories),
      policy: policyJson(policy),
      ignored: ignoredJson(judgement),
      packages: packages.map(packageJson),
    },
  };
}

function tagFindings(tag: string): Finding[] {
  if (tag !== 'latest') return [];
  const detail = 'everybody who pulls "latest" gets another image after the next push';
  return [found('HYGIENE_TAG_LATEST', { subject: 'tag', detail })];
}

function advisoryFindings(advisories: Advisories, seen: readonly PlatformReview[]): Finding[] {
  const unread = advisories.warnings.map(({ file, reason }) =>
    found('ADVISORIES_UNREADABLE', { subject: file, detail: `${file}: ${reason}` }),
  );
  const wanted = new Map(
    seen.flatMap(({ inventory: { distribution, packages } }) => [
      ...(distribution ? [[distribution.name, distribution.ecosystems] as const] : []),
      ...(packages.some(({ kind }) => kind === 'npm') ? [['npm', ['npm']] as const] : []),
    ]),
  );
  const missing = [...wanted]
    .filter(([, ecosystems]) => !ecosystems.some((ecosystem) => advisories.has(ecosystem)))
    .map(([name]) =>
      found('ADVISORIES_MISSING', {
        subject: name,
        detail: `the store has no advisories for ${name}: the vulnerabilities of its packages are unknown`,
      }),
    );
  return [...unread, ...missing];
}

function billOfMaterials(seen: readonly PlatformReview[]): ReviewedPackage[] {
  const all = new Map<string, ReviewedPackage>();
  for (const { platform, inventory } of seen) {
    for (const one of inventory.packages) {
      const key = `${one.kind}\n${one.name}\n${one.version}`;
      const before = all.get(key)?.platforms ?? [];
      const platforms = before.includes(platform) ? before : [...before, platform];
      all.set(key, { ...one, platforms });
    }
  }
  return [...all.values()];
}

function packageJson({ kind, name, version, source, locations, platforms }: ReviewedPackage): Json {
  const { name: sourceName, version: sourceVersion } = source;
  const from = { name: sourceName, version: sourceVersion };
  return {
    kind,
    name,
    version,
    source: from,
    locations: [...locations],
    platforms: [...platforms],
  };
}

function advisoriesJson({ revision, count, warnings }: Advisories): Json {
  const few = warnings.slice(0, 100).map(({ file, reason }) => ({ file, reason }));
  return { revision, count, warnings: warnings.length, unread: few };
}

function ignoredJson({ ignored }: Judgement): Json {
  return [...ignored].map(([id, { reason, until }]) => ({
    id,
    reason,
    until: until?.toISOString() ?? null,
  }));
}
