import { type Digest, digestOf, utf8 } from '../../src/base/index.ts';
import type {
  BlobUpload,
  CopyDestination,
  CopySource,
  SentManifest,
} from '../../src/copy/index.ts';
import {
  type Index,
  isForeignLayer,
  isTag,
  type Manifest,
  mediaTypes,
  parseManifest,
  parseTag,
  type Reference,
  type Tag,
} from '../../src/oci/index.ts';

/** A descriptor as it stands in JSON. */
export interface Part {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

/**
 * A repository in memory, to copy from and to. As a destination it takes a manifest only when it has all
 * that the manifest names, and believes every digest it is told: whoever sends other bytes leaves them there.
 */
export class MemoryRepository implements CopySource, CopyDestination {
  readonly blobs = new Map<Digest, Uint8Array>();
  readonly manifests = new Map<Digest, SentManifest>();
  readonly tags = new Map<Tag, Digest>();
  /** `blob sha256:...`, `manifest sha256:...`, `tag NAME`: what was written, in order. */
  readonly log: string[] = [];
  /** Blobs of other repositories of the registry. */
  readonly mountable = new Set<Digest>();
  /** Whether it knows referrers by itself. */
  listsThem = true;
  pieceBytes = 4;
  /** Thrown when so many more pieces have been taken. */
  failAfterPieces = Number.POSITIVE_INFINITY;

  blob(text: string, mediaType: string = mediaTypes.ociLayer): Part {
    const bytes = utf8(text);
    this.blobs.set(digestOf(bytes), bytes);
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  }

  /** @param members  beside those of an image of one layer, or instead of them */
  image(note: string, members: object = {}): Part {
    const config = this.blob('{}', mediaTypes.ociConfig);
    const layers = [this.blob(`layer of ${note}`)];
    return this.document(mediaTypes.ociManifest, { config, layers, ...members });
  }

  index(manifests: readonly object[], members: object = {}): Part {
    return this.document(mediaTypes.ociIndex, { manifests, ...members });
  }

  document(mediaType: string, members: object): Part {
    const bytes = utf8(JSON.stringify({ schemaVersion: 2, mediaType, ...members }));
    this.manifests.set(digestOf(bytes), { bytes, mediaType });
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  }

  tag(name: string, { digest }: Pick<Part, 'digest'>): void {
    this.tags.set(parseTag(name), digest);
  }

  async manifest(reference: Reference): Promise<SentManifest | undefined> {
    const digest = await this.digestOf(reference);
    return digest && this.manifests.get(digest);
  }

  async digestOf(reference: Reference): Promise<Digest | undefined> {
    if (isTag(reference)) return this.tags.get(reference);
    return this.manifests.has(reference) ? reference : undefined;
  }

  async referrers(subject: Digest): Promise<readonly Digest[] | undefined> {
    if (!this.listsThem) return undefined;
    return [...this.manifests]
      .filter(([, manifest]) => parsed(manifest).subject?.digest === subject)
      .map(([digest]) => digest);
  }

  async listsReferrers(): Promise<boolean> {
    return this.listsThem;
  }

  async openBlob(digest: Digest): Promise<AsyncIterable<Uint8Array> | undefined> {
    const bytes = this.blobs.get(digest);
    return bytes && inParts(bytes);
  }

  async blobSize(digest: Digest): Promise<number | undefined> {
    return this.blobs.get(digest)?.length;
  }

  async beginBlob(digest: Digest): Promise<'mounted' | BlobUpload> {
    if (this.mountable.has(digest)) {
      this.blobs.set(digest, utf8('mounted'));
      return 'mounted';
    }
    const pieces: Uint8Array[] = [];
    const take = (piece: Uint8Array) => {
      if (--this.failAfterPieces < 0) throw new Error('the connection broke');
      pieces.push(piece);
    };
    return {
      pieceBytes: this.pieceBytes,
      append: async (piece) => take(piece),
      finish: async (piece) => {
        take(piece);
        this.blobs.set(digest, new Uint8Array(Buffer.concat(pieces)));
        this.log.push(`blob ${digest}`);
      },
      cancel: async () => void this.log.push(`cancel ${digest}`),
    };
  }

  async putManifest(reference: Reference, { bytes, mediaType }: SentManifest): Promise<void> {
    const manifest = parsed({ bytes, mediaType });
    for (const digest of needsOf(manifest)) {
      if (!this.blobs.has(digest) && !this.manifests.has(digest)) {
        throw new Error(`${manifest.digest} needs ${digest}, which is not here`);
      }
    }
    this.manifests.set(manifest.digest, { bytes, mediaType });
    if (isTag(reference)) this.tags.set(reference, manifest.digest);
    this.log.push(isTag(reference) ? `tag ${reference}` : `manifest ${reference}`);
  }
}

function parsed({ bytes, mediaType }: SentManifest): Manifest | Index {
  return parseManifest(bytes, mediaType);
}

function needsOf(manifest: Manifest | Index): Digest[] {
  const parts =
    manifest.kind === 'index'
      ? manifest.manifests
      : [manifest.config, ...manifest.layers.filter((layer) => !isForeignLayer(layer))];
  return parts.map(({ digest }) => digest);
}

async function* inParts(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 3) yield bytes.subarray(at, at + 3);
}
