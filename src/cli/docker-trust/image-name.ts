import { isStoreError } from '../../base/index.ts';
import { gunOf } from '../../client/index.ts';
import { type ImageReference, parseImageReference } from '../../oci/index.ts';
import type { Gun } from '../../tuf/index.ts';
import { refusal } from './texts.ts';

/** A name as it was typed, and what it means. */
export interface NamedImage extends ImageReference {
  readonly gun: Gun;
}

/** @throws StoreError CLI_DOCKER_TRUST, in docker's words */
export function parseImageName(text: string): NamedImage {
  try {
    const image = parseImageReference(text);
    return { ...image, gun: gunOf(image) };
  } catch (error) {
    if (!isStoreError(error)) throw error;
    const name = text.replace(/@.*$/, '').replace(/:[^/]*$/, '');
    const isUpper = name !== name.toLowerCase() && /^[A-Za-z0-9._/:-]+$/.test(name);
    const path = name.includes('/') ? name : `library/${name}`;
    const why = isUpper ? `: repository name (${path}) must be lowercase` : '';
    throw refusal(`invalid reference format${why}`, error);
  }
}
