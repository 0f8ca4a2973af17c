import { counted, isStoreError, type StoreError } from '../../base/index.ts';
import type { Finding } from '../../findings/index.ts';
import { type Gun, parseGun, type TrustedSet } from '../../tuf/index.ts';
import { type Admitted, checked, type ImageContent, type Subject } from '../candidate.ts';
import type { SawMetadata } from '../candidates-port.ts';
import { findingJson, imageJson, serializeEvidence } from '../evidence.ts';
import type { JudgedFinding } from '../finding.ts';
import type { Pin } from '../ports.ts';
import { refuse } from '../refusal.ts';
import type { Outcome, StepPorts, StoreIdentity } from '../step.ts';
import { type Authentic, metadataJson, notesOnRoot, verifyAuthentic } from './authenticity.ts';
import { checkErrors } from './errors.ts';
import { verifyImage } from './integrity.ts';

/**
 * Is it what the producer signed? Authenticity and freshness come first: they cost little, and the
 * signed length they prove is what the manifest is measured against. Nothing is copied before all
 * of it is true, and versions count as seen only then.
 *
 * @throws whatever the world throws that is no refusal: the job is tried again
 */
export async function check(
  candidate: Admitted,
  ports: StepPorts,
  { origins }: StoreIdentity,
  now: Date,
  signal?: AbortSignal,
): Promise<Outcome> {
  const { subject } = candidate;
  const pin = await ports.admissions.pin(subject.gun);
  try {
    const seen = await ports.candidates.seenVersions(subject.gun);
    const authentic = await verifyAuthentic({ subject, pin, seen, trust: ports.trust, now });
    const { sizeBytes } = authentic.target;
    const image = await verifyImage({ ...subject, sizeBytes }, ports, signal);
    const notes = notesOnRoot(await rootNotes(subject, authentic.set, ports, origins), now);
    return passed(candidate, { authentic, image, notes, pin: pin as Pin }, now);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const refusal = { code: error.code, reason: error.message, actor: 'store', at: now };
    return { advance: refuse(candidate, refusal, plainDetail(error)) };
  }
}

/** True for what is wrong with an image, as opposed to with the machine. */
function isRefusal(error: unknown): error is StoreError {
  return isStoreError(error) && Object.hasOwn(checkErrors, error.code);
}

interface Proof {
  readonly authentic: Authentic;
  readonly image: ImageContent;
  readonly notes: readonly Finding[];
  readonly pin: Pin;
}

function passed(candidate: Admitted, { authentic, image, notes, pin }: Proof, at: Date): Outcome {
  const { id: candidateId, gun } = candidate.subject;
  const findings = notes.map(unjudged);
  const next = checked(candidate, image, findings);
  const evidence = serializeEvidence('check', {
    ...metadataJson(authentic, pin),
    image: imageJson(image),
    findings: findings.map(findingJson),
  });
  const { root, seen } = authentic.set;
  const saw: SawMetadata = {
    effect: 'saw-metadata',
    gun,
    pin: { rootVersion: root.version, rootBytes: root.bytes },
    versions: seen,
  };
  const parts = `${counted(image.manifests.length, 'manifest')}, ${counted(image.blobs.length, 'blob')}`;
  const reason = `authentic, whole and fresh: ${parts}`;
  return {
    advance: {
      candidateId,
      from: candidate.state,
      to: next.state,
      entries: [{ candidateId, at, step: 'check', actor: 'store', reason, evidence }],
      next: 'copy',
      effects: [saw, { effect: 'store-findings', findings }],
      at,
    },
  };
}

async function rootNotes(
  { gun, repository }: Subject,
  set: TrustedSet,
  { candidates, admissions }: StepPorts,
  origins: readonly string[],
) {
  const states = ['approved', 'sealed', 'published'] as const;
  const isNew = (await candidates.list({ gun, states, limit: 1 })).length === 0;
  const others: { gun: Gun; pin: Pin }[] = [];
  for (const origin of origins) {
    const other = parseGun(`${origin}/${repository}`);
    const pin = other === gun ? undefined : await admissions.pin(other);
    if (pin) others.push({ gun: other, pin });
  }
  return { gun, set, isNew, others };
}

/** What the check notices blocks nothing by itself; the policy judges it with the rest. */
function unjudged(finding: Finding): JudgedFinding {
  return { ...finding, blocks: false, needsReason: false };
}

function plainDetail({ detail }: StoreError) {
  return Object.fromEntries(
    Object.entries(detail).map(([name, value]) => [
      name,
      typeof value === 'object' ? [...value] : value,
    ]),
  );
}
