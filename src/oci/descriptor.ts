import { countOf, type Digest, type Json, optional, parseDigest, stringOf } from '../base/index.ts';
import { ociError } from './errors.ts';
import { layerFormatOf } from './media-type.ts';
import { listOf, membersOf, textMapOf } from './members.ts';

/** Which machines a manifest of an index is for. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | undefined;
  readonly osVersion: string | undefined;
}

/**
 * What a manifest says of a blob or of another manifest. Nothing in it has been compared with the
 * bytes yet.
 * @see OCI image-spec 1.1, "OCI Content Descriptors"
 */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly urls: readonly string[];
  readonly annotations: ReadonlyMap<string, string>;
  readonly artifactType: string | undefined;
  readonly platform: Platform | undefined;
}

const names = [
  'mediaType',
  'digest',
  'size',
  'urls',
  'annotations',
  'data',
  'platform',
  'artifactType',
];
const platformNames = ['architecture', 'os', 'os.version', 'os.features', 'variant', 'features'];
const mediaTypePattern =
  /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;

/** @param path  where the value stands, for messages */
export function parseDescriptor(value: Json | undefined, path: string): Descriptor {
  const members = membersOf(value, path, names);
  return {
    mediaType: parseMediaType(members.get('mediaType'), `${path}.mediaType`),
    digest: parseDigest(stringOf(members.get('digest'), `${path}.digest`)),
    sizeBytes: countOf(members.get('size'), `${path}.size`),
    urls: listOf(members.get('urls') ?? [], `${path}.urls`).map((url) =>
      stringOf(url, `${path}.urls`),
    ),
    annotations: textMapOf(members.get('annotations'), `${path}.annotations`),
    artifactType: optional(
      parseMediaType,
      members.get('artifactType') || null,
      `${path}.artifactType`,
    ),
    platform: optional(parsePlatform, members.get('platform'), `${path}.platform`),
  };
}

/** Attestations stand in an index as platforms that are unknown. */
export function isPlatform({ platform }: Descriptor): boolean {
  return platform?.os !== 'unknown';
}

/** `linux/arm/v7`; its digest where an index does not say. */
export function platformOf({ platform, digest }: Pick<Descriptor, 'platform' | 'digest'>): string {
  if (!platform?.os || platform.os === 'unknown') return digest;
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/');
}

/** True for a layer whose bytes may lie at its URLs only, outside any registry. */
export function isForeignLayer({ urls, mediaType }: Descriptor): boolean {
  return urls.length > 0 && layerFormatOf(mediaType)?.foreign === true;
}

/** A media type is written into headers: RFC 6838 names only, without parameters. */
export function parseMediaType(value: Json | undefined, path: string): string {
  const text = stringOf(value, path);
  if (!mediaTypePattern.test(text)) {
    throw ociError('OCI_MANIFEST_INVALID', { reason: `${path} is not a media type` });
  }
  return text;
}

function parsePlatform(value: Json | undefined, path: string): Platform {
  const members = membersOf(value, path, platformNames);
  const text = (name: string) => optional(stringOf, members.get(name), `${path}.${name}`);
  return {
    os: text('os') ?? '',
    architecture: text('architecture') ?? '',
    variant: text('variant'),
    osVersion: text('os.version'),
  };
}
