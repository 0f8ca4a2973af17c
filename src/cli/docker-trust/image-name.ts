import { isStoreError } from '../../base/index.ts';
import { gunOf } from '../../client/index.ts';
import { type ImageReference, parseImageReference, splitHost } from '../../oci/index.ts';
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
    throw refusal(reasonOf(text), error);
  }
}

/**
 * docker's reason, in the order of its steps.
 * @see distribution/reference 0.6, normalize.go ParseNormalizedNamed; opencontainers/go-digest 1.0, digest.go
 */
function reasonOf(text: string): string {
  if (/^[a-f0-9]{64}$/.test(text)) {
    return `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`;
  }
  const { host, path } = splitHost(text);
  const [name = ''] = path.split(':', 1);
  if (name !== name.toLowerCase()) {
    return `invalid reference format: repository name (${name}) must be lowercase`;
  }
  const at = path.indexOf('@');
  const [before, digest] = at < 0 ? [path, ''] : [path.slice(0, at), path.slice(at + 1)];
  if (!imagePath.test(before)) return 'invalid reference format';
  if (`${host}/${name}`.length > limitCharacters) {
    return 'repository name must not be more than 255 characters';
  }
  const [, algorithm = '', hex = ''] = digestShape.exec(digest) ?? [];
  if (hex === '') return 'invalid reference format';
  const length = hexLengths[algorithm];
  if (length === undefined) return 'unsupported digest algorithm';
  return `invalid checksum digest ${hex.length === length ? 'format' : 'length'}`;
}

const imagePath =
  /^[a-z0-9]+(?:(?:\.|__?|-+|\/)[a-z0-9]+)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$/;
const digestShape = /^([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*):([0-9A-Fa-f]{32,})$/;
const hexLengths: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 };
/** Of a GUN, which is the name with its host; docker counts the name alone. */
const limitCharacters = 255;
