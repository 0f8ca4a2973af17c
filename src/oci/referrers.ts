import { algorithmOf, type Digest, hexOf, type Json, utf8 } from '../base/index.ts';
import { type Index, type Manifest, manifestLimitBytes } from './manifest.ts';
import { listLimit } from './members.ts';
import { parseTag, type Tag } from './reference.ts';

/** @see OCI distribution-spec 1.1, "Listing Referrers": the config's type stands in for a missing one */
export function artifactTypeOf(manifest: Manifest | Index): string | undefined {
  if (manifest.kind === 'index') return manifest.artifactType;
  return manifest.artifactType ?? manifest.config.mediaType;
}

/**
 * How a list of referrers names one of them.
 * @see OCI distribution-spec 1.1, "Listing Referrers"
 */
export function referrerDescriptor(manifest: Manifest | Index): { readonly [name: string]: Json } {
  const artifactType = artifactTypeOf(manifest);
  return {
    mediaType: manifest.mediaType,
    digest: manifest.digest,
    size: manifest.bytes.length,
    ...(artifactType !== undefined && { artifactType }),
    ...(manifest.annotations.size > 0 && { annotations: Object.fromEntries(manifest.annotations) }),
  };
}

/**
 * The tag under which clients that know no referrers API keep the list of a digest's referrers.
 * @see OCI distribution-spec 1.1, "Referrers Tag Schema"
 */
export function fallbackTagOf(subject: Digest): Tag {
  return parseTag(`${algorithmOf(subject)}-${hexOf(subject).slice(0, 64)}`);
}

/** True for a tag that {@link fallbackTagOf} could have made. */
export function isFallbackTag(tag: Tag): boolean {
  return /^sha(?:256|512)-[0-9a-f]{64}$/.test(tag);
}

const endings = ['', '.sig', '.att', '.sbom'] as const;

/**
 * True for a tag that says something about another image of the repository.
 * @see OCI distribution-spec 1.1, "Referrers Tag Schema"; cosign 2, tags of signatures
 */
export function isAboutAnother(tag: Tag): boolean {
  return isFallbackTag(tag.replace(/\.(?:sig|att|sbom)$/, '') as Tag);
}

/** The tags that may say something about an image: the fallback tag first, then cosign's. */
export function tagsAbout(digest: Digest): Tag[] {
  const tag = fallbackTagOf(digest);
  return endings.map((ending) => parseTag(`${tag}${ending}`));
}

/**
 * The list under a fallback tag with one referrer more, at its end.
 * @param list  an index as somebody pushed it; whatever else it holds stays
 * @returns     undefined when nothing is to be changed, or the list is as long as it may be
 */
export function withReferrer(list: Index, referrer: Manifest | Index): Uint8Array | undefined {
  const isListed = list.manifests.some(({ digest }) => digest === referrer.digest);
  if (isListed || list.manifests.length >= listLimit) return undefined;
  const bytes = edited(list, (entries) => [...entries, referrerDescriptor(referrer)]);
  return bytes.length > manifestLimitBytes ? undefined : bytes;
}

/** The list without one referrer; undefined when it is not in it. */
export function withoutReferrer(list: Index, referrer: Digest): Uint8Array | undefined {
  const keeps = list.manifests.map(({ digest }) => digest !== referrer);
  if (!keeps.includes(false)) return undefined;
  return edited(list, (entries) => entries.filter((_, at) => keeps[at]));
}

/** The bytes were parsed before, so they are JSON of this shape and no member stands there twice. */
function edited(list: Index, edit: (entries: readonly Json[]) => readonly Json[]): Uint8Array {
  const json = JSON.parse(Buffer.from(list.bytes).toString('utf8'));
  return utf8(JSON.stringify({ ...json, manifests: edit(json.manifests ?? []) }));
}
