import { equalBytes, toHex } from '../base/index.ts';
import {
  allTargets,
  type DelegationName,
  type FileMeta,
  type MetadataFile,
  type MetadataSource,
  parseMetadata,
  type RoleName,
  requireMeta,
  type Targets,
  type TrustedSet,
} from '../tuf/index.ts';

/** What may be signed again of a role that could not be verified. */
export interface Recovered {
  readonly content: Targets;
  /** Where all of it is taken because its signatures hold. */
  readonly file?: MetadataFile<Targets>;
}

/**
 * What may be signed again of the delegations that a refresh had to skip, so that publishing into
 * one repairs it and loses nothing that anybody still vouches for.
 *
 * An expired role is taken as it is: its signatures held. Of a role that is signed by too few of its
 * present keys (its last signer was removed), only those targets are taken that another role,
 * verified, also signs: nobody's word but a former signer's stands behind the others.
 *
 * @param whole  roles that are witnessed: who signs again by name vouches for all that is in it
 */
export async function recoverSkipped(
  set: TrustedSet,
  source: MetadataSource,
  whole: ReadonlySet<RoleName>,
): Promise<ReadonlyMap<DelegationName, Recovered>> {
  const recovered = new Map<DelegationName, Recovered>();
  for (const [role, why] of set.skipped) {
    const file = await listedFile(set, source, role);
    if (!file) continue;
    const content = file.signed;
    if (why.code === 'TUF_EXPIRED') recovered.set(role, { content, file });
    else recovered.set(role, { content: whole.has(role) ? content : vouchedFor(content, set) });
  }
  return recovered;
}

/** The file that the snapshot lists for a delegation, whether or not anybody still names it. */
export async function listedFile(
  { snapshot }: TrustedSet,
  source: MetadataSource,
  role: DelegationName,
): Promise<MetadataFile<Targets> | undefined> {
  const meta = snapshot.signed.meta.get(role);
  if (!meta) return undefined;
  const sha256 = toHex(meta.hashes.get('sha256') ?? new Uint8Array());
  const bytes = await source.byHash(role, sha256, meta.sizeBytes);
  if (!bytes) return undefined;
  requireMeta(role, bytes, meta, 'snapshot');
  return parseMetadata(role, bytes);
}

function vouchedFor(content: Targets, set: TrustedSet): Targets {
  const vouched = allTargets(set);
  const kept = [...content.targets].filter(([name, meta]) =>
    vouched.some((target) => target.name === name && hasSameHash(target, meta)),
  );
  return { ...content, targets: new Map(kept) };
}

function hasSameHash(a: FileMeta, b: FileMeta): boolean {
  const [one, other] = [a.hashes.get('sha256'), b.hashes.get('sha256')];
  return a.sizeBytes === b.sizeBytes && !!one && !!other && equalBytes(one, other);
}
