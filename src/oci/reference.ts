import { type Digest, isDigest, parseDigest } from '../base/index.ts';
import { ociError } from './errors.ts';

const pattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** A tag of a repository. Only {@link parseTag} makes one. */
export type Tag = string & { readonly __brand: 'Tag' };

/** How one manifest of a repository is asked for. A digest always holds a colon, a tag never. */
export type Reference = Tag | Digest;

/**
 * @throws StoreError OCI_TAG_INVALID
 * @see OCI distribution-spec 1.1, "Pulling manifests" (`<reference>` as a tag)
 */
export function parseTag(text: string): Tag {
  if (!isTag(text)) throw ociError('OCI_TAG_INVALID', { text: text.slice(0, 100) });
  return text;
}

/** True when {@link parseTag} would accept the text. */
export function isTag(text: string): text is Tag {
  return pattern.test(text);
}

/**
 * A text with a colon must be a digest, one without must be a tag.
 * @throws StoreError OCI_TAG_INVALID, DIGEST_INVALID
 */
export function parseReference(text: string): Reference {
  return text.includes(':') ? parseDigest(text) : parseTag(text);
}

/** Tells the two kinds of reference apart. */
export function isDigestReference(reference: Reference): reference is Digest {
  return isDigest(reference);
}
