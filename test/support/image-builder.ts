import { gzipSync } from 'node:zlib';
import { type Digest, digestOf, utf8 } from '../../src/base/index.ts';
import { inPieces, type TarFields, tarOf } from './tar-writer.ts';

/** Builds images for tests, right ones and wrong ones, and keeps their parts by digest. */
export class ImageBuilder {
  readonly blobs = new Map<string, Uint8Array>();
  readonly manifests = new Map<string, { bytes: Uint8Array; mediaType: string }>();
  /** Digests of the blobs that were read, in order. */
  readonly reads: string[] = [];

  /** Fits the port of the review. */
  readonly images = {
    manifest: async (_repository: string, digest: Digest) => this.manifests.get(digest),
  };

  read(digest: Digest): AsyncIterable<Uint8Array> {
    const bytes = this.blobs.get(digest);
    if (!bytes) throw new Error(`no blob ${digest}`);
    this.reads.push(digest);
    return inPieces(bytes, 10_000);
  }

  blob(bytes: Uint8Array, mediaType: string) {
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  /** A manifest for one platform. @returns its descriptor */
  manifest(image: TestImage = {}) {
    const layers = (image.layers ?? []).map(toLayer);
    const config = {
      architecture: image.architecture ?? 'amd64',
      os: 'linux',
      config: image.config ?? {},
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
      history: image.history ?? [],
      ...image.top,
    };
    const configBytes = image.configBytes ?? utf8(JSON.stringify(config));
    return this.put({
      schemaVersion: 2,
      mediaType: ociManifest,
      config: this.blob(configBytes, image.configType ?? ociConfig),
      layers: layers.map(({ bytes, mediaType }) => this.blob(bytes, mediaType)),
      ...(image.annotations ? { annotations: image.annotations } : {}),
    });
  }

  index(manifests: readonly object[]) {
    return this.put({ schemaVersion: 2, mediaType: ociIndex, manifests });
  }

  /** All manifests and blobs, as the check link lists them. */
  content() {
    return {
      manifests: [...this.manifests].map(([digest, { bytes, mediaType }]) => {
        return { digest: digest as Digest, mediaType, sizeBytes: bytes.length };
      }),
      blobs: [],
    };
  }

  private put(document: { mediaType: string; [member: string]: unknown }) {
    const bytes = utf8(JSON.stringify(document));
    const digest = digestOf(bytes);
    this.manifests.set(digest, { bytes, mediaType: document.mediaType });
    return { mediaType: document.mediaType, digest, size: bytes.length };
  }
}

export interface TestImage {
  readonly architecture?: string;
  /** The `config` of the configuration: User, Env, Healthcheck, Labels. */
  readonly config?: object;
  readonly history?: readonly object[];
  readonly annotations?: Readonly<Record<string, string>>;
  /** Over the top level of the configuration. */
  readonly top?: object;
  readonly configBytes?: Uint8Array;
  readonly configType?: string;
  readonly layers?: readonly (TestLayer | readonly TarFields[])[];
}

/** A layer as it is stored. */
export interface TestLayer {
  readonly bytes: Uint8Array;
  readonly diffId: string;
  readonly mediaType: string;
}

const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
const ociIndex = 'application/vnd.oci.image.index.v1+json';
const ociConfig = 'application/vnd.oci.image.config.v1+json';
const ociLayerGzip = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** A layer of these bytes, stored by gzip unless told otherwise. */
export function layerOf(tar: Uint8Array, stored: Uint8Array = gzipSync(tar)): TestLayer {
  return { bytes: stored, diffId: digestOf(tar), mediaType: ociLayerGzip };
}

function toLayer(layer: TestLayer | readonly TarFields[]): TestLayer {
  return 'bytes' in layer ? layer : layerOf(tarOf(...layer));
}
