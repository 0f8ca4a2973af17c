import {
  type Digest,
  type DigestAlgorithm,
  digestOf,
  isStoreError,
  type Json,
  optional,
  parseJson,
} from '../base/index.ts';
import { type Descriptor, parseDescriptor, parseMediaType } from './descriptor.ts';
import { ociError } from './errors.ts';
import {
  type IndexMediaType,
  isIndexMediaType,
  isManifestMediaType,
  type ManifestMediaType,
  mediaTypes,
} from './media-type.ts';
import { listOf, membersOf, textMapOf } from './members.ts';
import { requireUniqueNames } from './unique-names.ts';

/** The largest manifest that is taken, the least that the specification allows. */
export const manifestLimitBytes = 4 * 1024 * 1024;
/** A manifest with a thousand layers, all with annotations, has some ten thousand values. */
const jsonLimits = { depth: 32, values: 100_000 };

interface Common {
  /** Exactly as received: the digest is over these. */
  readonly bytes: Uint8Array;
  readonly digest: Digest;
  /** What this one is about: it is a referrer of that manifest, which need not exist. */
  readonly subject: Descriptor | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: ReadonlyMap<string, string>;
}

/** One image for one platform, or another artifact of the same form. */
export interface Manifest extends Common {
  readonly kind: 'manifest';
  readonly mediaType: ManifestMediaType;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** Several manifests, usually one for each platform. */
export interface Index extends Common {
  readonly kind: 'index';
  readonly mediaType: IndexMediaType;
  readonly manifests: readonly Descriptor[];
}

const names = [
  'schemaVersion',
  'mediaType',
  'artifactType',
  'config',
  'layers',
  'manifests',
  'subject',
  'annotations',
  'fsLayers',
  'signatures',
  'history',
];

/**
 * Reads a manifest or an index that a stranger sent. Only a document with one reading is accepted:
 * the declared type and its own agree, it has not the members of both kinds, no member twice, and
 * none that differs from a known one only by case.
 *
 * @param bytes      as received; kept, hashed and served as they are
 * @param mediaType  what the sender called it, without parameters; undefined when it did not say
 * @param algorithm  of the digest that it is to be known by
 * @throws StoreError OCI_MANIFEST_TOO_LARGE, OCI_MANIFEST_INVALID, OCI_MANIFEST_AMBIGUOUS,
 *         OCI_MANIFEST_SCHEMA1, OCI_MANIFEST_TOO_MANY_DESCRIPTORS, OCI_MEDIA_TYPE_UNSUPPORTED,
 *         OCI_MEDIA_TYPE_MISMATCH
 * @see OCI image-spec 1.1, "OCI Image Manifest Specification" and "OCI Image Index Specification";
 *      CVE-2021-41190 for documents that are both
 */
export function parseManifest(
  bytes: Uint8Array,
  mediaType?: string,
  algorithm: DigestAlgorithm = 'sha256',
): Manifest | Index {
  if (bytes.length > manifestLimitBytes) {
    throw ociError('OCI_MANIFEST_TOO_LARGE', { limitBytes: manifestLimitBytes });
  }
  try {
    const json = parseJson(bytes, jsonLimits);
    requireUniqueNames(bytes);
    const digest = digestOf(bytes, algorithm);
    return read(membersOf(json, 'manifest', names), { bytes, digest }, mediaType);
  } catch (error) {
    if (!isStoreError(error) || error.code.startsWith('OCI_')) throw error;
    throw ociError('OCI_MANIFEST_INVALID', { reason: error.message }, error);
  }
}

function read(
  members: Map<string, Json>,
  received: Pick<Common, 'bytes' | 'digest'>,
  declared: string | undefined,
) {
  const mediaType = agreedMediaType(members, declared);
  requireSchemaVersion2(members);
  const common = {
    ...received,
    subject: optional(parseDescriptor, members.get('subject'), 'subject'),
    artifactType: optional(parseMediaType, members.get('artifactType') || null, 'artifactType'),
    annotations: textMapOf(members.get('annotations'), 'annotations'),
  };
  if (isIndexMediaType(mediaType)) {
    refuseMembers(members, mediaType, ['config', 'layers', 'fsLayers']);
    const manifests = descriptorsOf(members, 'manifests');
    return { kind: 'index', mediaType, manifests, ...common } satisfies Index;
  }
  refuseMembers(members, mediaType, ['manifests', 'fsLayers']);
  const config = parseDescriptor(members.get('config'), 'config');
  const layers = descriptorsOf(members, 'layers');
  return { kind: 'manifest', mediaType, config, layers, ...common } satisfies Manifest;
}

function agreedMediaType(
  members: Map<string, Json>,
  declared: string | undefined,
): ManifestMediaType | IndexMediaType {
  const found = optional(parseMediaType, members.get('mediaType'), 'mediaType');
  const mediaType = declared ?? found;
  if (isSchema1(members, mediaType)) throw ociError('OCI_MANIFEST_SCHEMA1');
  if (mediaType === undefined || !(isManifestMediaType(mediaType) || isIndexMediaType(mediaType))) {
    throw ociError('OCI_MEDIA_TYPE_UNSUPPORTED', { mediaType: (mediaType ?? '').slice(0, 100) });
  }
  // OCI lets a document leave its type out; Docker's formats require it.
  const mayBeSilent = mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.ociIndex;
  if (found === undefined ? !mayBeSilent : found !== mediaType) {
    throw ociError('OCI_MEDIA_TYPE_MISMATCH', { declared: mediaType, found: found ?? 'nothing' });
  }
  return mediaType;
}

function isSchema1(members: Map<string, Json>, mediaType: string | undefined): boolean {
  return (
    members.get('schemaVersion') === 1 ||
    /^application\/vnd\.docker\.distribution\.manifest\.v1\+(?:json|prettyjws)$/.test(
      mediaType ?? '',
    )
  );
}

function requireSchemaVersion2(members: Map<string, Json>): void {
  if (members.get('schemaVersion') !== 2) {
    throw ociError('OCI_MANIFEST_INVALID', { reason: 'schemaVersion must be 2' });
  }
}

function refuseMembers(members: Map<string, Json>, mediaType: string, others: string[]): void {
  const other = others.find((name) => members.has(name));
  if (other === undefined) return;
  throw ociError('OCI_MANIFEST_AMBIGUOUS', {
    reason: `it calls itself ${mediaType} and has a member "${other}"`,
  });
}

/** A list that Go wrote from nothing is null; one that is absent is a mistake. */
function descriptorsOf(members: Map<string, Json>, name: string): Descriptor[] {
  const value = members.get(name);
  return listOf(value === null ? [] : value, name).map((entry, i) =>
    parseDescriptor(entry, `${name}[${i}]`),
  );
}
