import { counted } from '../../base/index.ts';
import { parseGun } from '../../tuf/index.ts';
import { type Approved, type SealedFile, sealed } from '../candidate.ts';
import type { SealFile } from '../candidates-port.ts';
import { chainError } from '../errors.ts';
import { sealedJson, serializeEvidence } from '../evidence.ts';
import { refuse } from '../refusal.ts';
import type { Outcome, StepPorts, StoreIdentity } from '../step.ts';
import { storeOf } from '../zones.ts';
import { storeUpdate } from './store-update.ts';

/**
 * The store puts its own signature on what was approved, under each of its names. What it signed
 * is kept, and nobody can see it: `serve` makes it visible together with the image.
 */
export async function seal(
  candidate: Approved,
  ports: StepPorts,
  { origins, storeName }: StoreIdentity,
  now: Date,
): Promise<Outcome> {
  const obstacle = await obstacleTo(candidate, ports);
  if (obstacle) {
    const { code, message: reason } = obstacle;
    return { advance: refuse(candidate, { code, reason, actor: 'store', at: now }) };
  }
  const { repository, tag, digest } = candidate.subject;
  const sizeBytes = candidate.image.manifests[0]?.sizeBytes;
  if (sizeBytes === undefined) throw new TypeError('an image without a manifest was approved');
  const files: SealFile[] = [];
  for (const origin of origins) {
    const gun = parseGun(`${origin}/${storeOf(repository)}`);
    const request = { gun, storeName, tag, digest, sizeBytes, now };
    const parts = await storeUpdate(request, ports);
    const decided = await ports.office.decide(gun, parts, now);
    for (const { role, version, sha256, bytes } of decided) {
      files.push({ gun, role, version, sha256, bytes });
    }
  }
  return { advance: sealedAdvance(candidate, files, storeName, now) };
}

/** Why what the store has signed already for the tag keeps this image from it. */
async function obstacleTo({ subject }: Approved, { candidates, isImmutable }: StepPorts) {
  const { repository, tag, admittedAt } = subject;
  const signed = await candidates.list({ repository, tag, states: ['sealed', 'published'] });
  const newer = signed.find((other) => other.admittedAt > admittedAt);
  // Tags only go forward: consumers take an older image under a known tag for an attack, rightly.
  if (newer) return chainError('CHAIN_SUPERSEDED', { repository, tag, digest: newer.digest });
  const store = storeOf(repository);
  const [current] = isImmutable(store, tag) ? signed : [];
  if (!current) return undefined;
  return chainError('CHAIN_TAG_IMMUTABLE', { repository: store, tag, digest: current.digest });
}

function sealedAdvance(
  candidate: Approved,
  files: readonly SealFile[],
  storeName: string,
  at: Date,
) {
  const { id: candidateId } = candidate.subject;
  const made: SealedFile[] = files.map(({ gun, role, version, sha256, bytes }) => ({
    gun,
    role,
    version,
    sha256,
    sizeBytes: bytes.length,
  }));
  const names = new Set(files.map(({ gun }) => gun)).size;
  const reason = `signed as targets/${storeName} under ${counted(names, 'name')}`;
  const evidence = serializeEvidence('seal', { files: sealedJson(made) });
  return {
    candidateId,
    from: candidate.state,
    to: sealed(candidate, made).state,
    entries: [{ candidateId, at, step: 'seal', actor: 'store', reason, evidence }],
    next: 'serve',
    effects: [{ effect: 'store-seal', files }],
    at,
  } as const;
}
