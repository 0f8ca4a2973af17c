import { canonicalJsonOlpc, type Digest, digestOf, type Json } from '../../base/index.ts';
import { type Severity, severities } from '../../findings/index.ts';

/** What a finding does: refuse the image, ask for a reason, or only be seen. */
export type FindingEffect = 'block' | 'reason' | 'note';

/** A finding that the operator accepts. */
export interface Waiver {
  readonly reason: string;
  /** From this instant on it counts again; undefined: it is accepted for good. */
  readonly until: Date | undefined;
}

/** Sizes in bytes, counts as numbers. */
export interface ReviewLimits {
  /** All layers of one platform, as they are pulled: more is a finding. */
  readonly imageBytes: number;
  /** What later layers hide: more is a finding. */
  readonly hiddenBytes: number;
  /** One layer, unpacked: more is a bomb. */
  readonly layerBytes: number;
  /** All layers of all platforms, unpacked: more is not looked at. */
  readonly totalBytes: number;
  /** Unpacked bytes for each packed one, counted from the first 64 MiB on: more is a bomb. */
  readonly ratio: number;
  /** Files and folders that are looked at together. */
  readonly entries: number;
  /** Of one file, how much is searched for secrets. */
  readonly searchBytes: number;
}

/** What the operator decided. Findings are judged by it, and it is the evidence's first line. */
export interface ReviewPolicy {
  /** Whether an image with nothing that blocks or needs a reason waits for a person. */
  readonly approval: 'manual' | 'automatic';
  readonly severities: Readonly<Record<Severity, FindingEffect>>;
  /** By rule code; goes before the severity. */
  readonly rules: ReadonlyMap<string, FindingEffect>;
  /** By the finding's id, or by a name of its vulnerability. */
  readonly ignored: ReadonlyMap<string, Waiver>;
  readonly limits: ReviewLimits;
}

const mebibyte = 1024 * 1024;

/** What holds when nobody wrote a policy: the dangerous is refused, the doubtful needs a person. */
export const defaultPolicy: ReviewPolicy = {
  approval: 'manual',
  severities: { critical: 'block', high: 'block', medium: 'reason', low: 'note', note: 'note' },
  rules: new Map(),
  ignored: new Map(),
  limits: {
    imageBytes: 2048 * mebibyte,
    hiddenBytes: mebibyte,
    layerBytes: 8192 * mebibyte,
    totalBytes: 32_768 * mebibyte,
    ratio: 200,
    entries: 300_000,
    searchBytes: 8 * mebibyte,
  },
};

/** Digest of the policy's canonical form: two policies that judge alike have the same. */
export function policyDigest(policy: ReviewPolicy): Digest {
  return digestOf(canonicalJsonOlpc(policyJson(policy)));
}

/** The policy as evidence. */
export function policyJson({ approval, rules, ignored, limits, ...policy }: ReviewPolicy): Json {
  return {
    approval,
    severities: Object.fromEntries(severities.map((one) => [one, policy.severities[one]])),
    rules: Object.fromEntries([...rules].sort()),
    ignored: [...ignored].sort(byName).map(([id, { reason, until }]) => ({
      id,
      reason,
      until: until?.toISOString() ?? null,
    })),
    limits: { ...limits },
  };
}

function byName([a]: [string, Waiver], [b]: [string, Waiver]): number {
  return a < b ? -1 : 1;
}
