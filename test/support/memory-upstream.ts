import { type Digest, digestOf, utf8 } from '../../src/base/index.ts';
import { isDigestReference, mediaTypes, type Reference } from '../../src/oci/index.ts';
import { type MirrorRule, registryError, type Upstream } from '../../src/registry/index.ts';

/** A registry in memory that is mirrored. A test may change what it has, and make it lie or fail. */
export class MemoryUpstream implements Upstream {
  readonly name = 'upstream.example';
  /** What it was asked, in order. */
  readonly asked: string[] = [];
  readonly manifests = new Map<string, { bytes: Uint8Array; mediaType: string }>();
  readonly tagged = new Map<string, Digest>();
  readonly blobs = new Map<Digest, Uint8Array>();
  /** Manifests by their subject, where it keeps such lists. */
  readonly referring = new Map<Digest, Digest[]>();
  listsReferrers = true;
  /** Instead of what it has. */
  failsWith: Error | undefined;
  /** How it sends the bytes of a blob; whole, at once, unless told. */
  send: (bytes: Uint8Array) => AsyncIterable<Uint8Array> = whole;

  /** Adds an image of one layer under a tag. */
  push(tag: string, layer: Uint8Array | string, more: object = {}) {
    const bytes = typeof layer === 'string' ? utf8(layer) : layer;
    const config = utf8('{}');
    const blob = (mediaType: string, content: Uint8Array) => {
      this.blobs.set(digestOf(content), content);
      return { mediaType, digest: digestOf(content), size: content.length };
    };
    const manifest = {
      ...{ schemaVersion: 2, mediaType: mediaTypes.ociManifest },
      config: blob(mediaTypes.ociConfig, config),
      layers: [blob(mediaTypes.ociLayer, bytes)],
      ...more,
    };
    return { layer: digestOf(bytes), ...this.pushManifest(tag, manifest, mediaTypes.ociManifest) };
  }

  pushManifest(tag: string, json: object, mediaType: string) {
    const bytes = utf8(JSON.stringify(json));
    const digest = digestOf(bytes);
    this.manifests.set(digest, { bytes, mediaType });
    this.tagged.set(tag, digest);
    return { digest, descriptor: { mediaType, digest, size: bytes.length } };
  }

  async digestOf(repository: string, reference: Reference) {
    this.#ask(`HEAD ${repository} ${reference}`);
    return isDigestReference(reference) ? reference : this.tagged.get(reference);
  }

  async manifest(repository: string, reference: Reference) {
    this.#ask(`GET ${repository} ${reference}`);
    return this.manifests.get(
      isDigestReference(reference) ? reference : (this.tagged.get(reference) ?? ''),
    );
  }

  async blobSize(repository: string, digest: Digest) {
    this.#ask(`HEAD ${repository} blob`);
    return this.blobs.get(digest)?.length;
  }

  async openBlob(repository: string, digest: Digest) {
    this.#ask(`GET ${repository} blob ${digest}`);
    const bytes = this.blobs.get(digest);
    return bytes && this.send(bytes);
  }

  async referrers(repository: string, subject: Digest) {
    this.#ask(`referrers ${repository}`);
    return this.listsReferrers ? (this.referring.get(subject) ?? []) : undefined;
  }

  async tags(repository: string) {
    this.#ask(`tags ${repository}`);
    return [...this.tagged.keys()];
  }

  #ask(question: string): void {
    this.asked.push(question);
    if (this.failsWith) throw this.failsWith;
  }
}

/** As a connection that fails. */
export function connectionFailure(): Error {
  return registryError('REGISTRY_UPLOAD_INTERRUPTED', { keptBytes: 0 });
}

/** The repositories of `mirror/hub` are those of the upstream. */
export function mirrorOf(upstream: Upstream, more: Partial<MirrorRule> = {}): MirrorRule {
  return {
    ...{ folder: 'mirror/hub', upstream, nameThere: (name) => name },
    ...{ tagsForMs: 60_000, keepMs: 30 * 86_400_000 },
    ...more,
  };
}

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
