import { isStoreError } from '../../base/index.ts';
import { type Gun, parseGun, type RoleName } from '../../tuf/index.ts';
import { type Decision, type Published, recalled, type SealedFile } from '../candidate.ts';
import type { Advance, SealFile } from '../candidates-port.ts';
import { requireDecision } from '../decision.ts';
import { chainError } from '../errors.ts';
import { sealedJson, serializeEvidence } from '../evidence.ts';
import type { TrustOffice } from '../ports.ts';
import type { StoreIdentity } from '../step.ts';
import { certificationOf, storeOf } from '../zones.ts';
import { type RecallFilesPorts, recallFiles } from './recall-files.ts';

export interface RecallPorts extends RecallFilesPorts {
  readonly office: TrustOffice;
}

/**
 * Somebody takes back what consumers can pull: the store signs under each of its names that the tag
 * is no more, and in the same transaction tag and image go from the store. Where the tag means
 * another image by now, only this one goes.
 *
 * What was signed before stays true for whoever holds it until its timestamp ends: a client that was
 * shown the recall never goes back, and one that is kept from asking is stopped by that end.
 *
 * @throws StoreError CHAIN_REASON_NEEDED, CHAIN_REASON_LENGTH, CHAIN_ACTOR_NEEDED,
 *         SEAL_METADATA_FOREIGN, CHAIN_PUBLISH_CONFLICT, and what the keys' signers throw; nothing was
 *         changed then
 */
export async function recall(
  candidate: Published,
  said: Decision,
  ports: RecallPorts,
  store: StoreIdentity,
): Promise<Advance> {
  const decision = requireDecision(said);
  const { actor, reason, at } = decision;
  if (reason === '') throw chainError('CHAIN_REASON_NEEDED', { why: 'consumers had it' });
  const { id: candidateId, repository, tag, digest } = candidate.subject;
  const { image } = candidate;
  const files = await signedWithout(candidate, ports, store, at);
  const content = { repository: storeOf(repository), tag, digest, files: sealedJson(files) };
  const evidence = serializeEvidence('recall', content);
  return {
    candidateId,
    from: candidate.state,
    to: recalled(candidate, decision).state,
    entries: [{ candidateId, step: 'recall', evidence, ...decision }],
    next: undefined,
    refusal: { code: chainError('CHAIN_RECALLED', { actor, reason }).code, reason },
    effects: [
      { effect: 'unpublish-image', repository, tag, image },
      { effect: 'unlink-image', repository: certificationOf(repository), tag, image },
      { effect: 'publish-seal', files },
    ],
    at,
  };
}

async function signedWithout(
  { subject: { repository, tag, digest } }: Published,
  ports: RecallPorts,
  { origins, storeName }: StoreIdentity,
  now: Date,
): Promise<readonly (SealFile & SealedFile)[]> {
  const files: (SealFile & SealedFile)[] = [];
  for (const origin of origins) {
    const gun = parseGun(`${origin}/${storeOf(repository)}`);
    const parts = await recallFiles({ gun, storeName, tag, digest, now }, ports);
    if (parts.size === 0) continue;
    for (const file of await decide(ports.office, gun, parts, now)) {
      files.push({ gun, sizeBytes: file.bytes.length, ...file });
    }
  }
  return files;
}

/** Whoever publishes before this is decided, and whoever does so after it, was faster: the same is said. */
async function decide(
  office: TrustOffice,
  gun: Gun,
  parts: ReadonlyMap<RoleName, Uint8Array>,
  now: Date,
) {
  try {
    return await office.decide(gun, parts, now);
  } catch (error) {
    if (!isStoreError(error) || error.code !== 'TRUST_VERSION_CONFLICT') throw error;
    const { role = '', stored: version = 0 } = error.detail;
    throw chainError('CHAIN_PUBLISH_CONFLICT', { gun, role, version }, error);
  }
}
