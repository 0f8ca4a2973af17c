/** Media types by the names this code uses. Other types are kept and served, never interpreted. */
export const mediaTypes = {
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerLayerZstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
  dockerForeignLayerGzip: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociEmpty: 'application/vnd.oci.empty.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  ociForeignLayer: 'application/vnd.oci.image.layer.nondistributable.v1.tar',
  ociForeignLayerGzip: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  ociForeignLayerZstd: 'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
} as const;

export type ManifestMediaType = typeof mediaTypes.dockerManifest | typeof mediaTypes.ociManifest;
export type IndexMediaType = typeof mediaTypes.dockerList | typeof mediaTypes.ociIndex;

/** How the bytes of a filesystem layer are read. */
export interface LayerFormat {
  readonly compression: 'none' | 'gzip' | 'zstd';
  /** Its bytes may lie at URLs outside the registry (Windows base layers). */
  readonly foreign: boolean;
}

const layerFormats = new Map<string, LayerFormat>([
  [mediaTypes.dockerLayer, { compression: 'none', foreign: false }],
  [mediaTypes.dockerLayerGzip, { compression: 'gzip', foreign: false }],
  [mediaTypes.dockerLayerZstd, { compression: 'zstd', foreign: false }],
  [mediaTypes.dockerForeignLayerGzip, { compression: 'gzip', foreign: true }],
  [mediaTypes.ociLayer, { compression: 'none', foreign: false }],
  [mediaTypes.ociLayerGzip, { compression: 'gzip', foreign: false }],
  [mediaTypes.ociLayerZstd, { compression: 'zstd', foreign: false }],
  [mediaTypes.ociForeignLayer, { compression: 'none', foreign: true }],
  [mediaTypes.ociForeignLayerGzip, { compression: 'gzip', foreign: true }],
  [mediaTypes.ociForeignLayerZstd, { compression: 'zstd', foreign: true }],
]);

/** The format of a filesystem layer; undefined for anything else, such as an attestation. */
export function layerFormatOf(mediaType: string): LayerFormat | undefined {
  return layerFormats.get(mediaType);
}

export function isManifestMediaType(mediaType: string): mediaType is ManifestMediaType {
  return mediaType === mediaTypes.dockerManifest || mediaType === mediaTypes.ociManifest;
}

export function isIndexMediaType(mediaType: string): mediaType is IndexMediaType {
  return mediaType === mediaTypes.dockerList || mediaType === mediaTypes.ociIndex;
}

/** True for the configuration of a runnable image, as opposed to that of some other artifact. */
export function isImageConfigMediaType(mediaType: string): boolean {
  return mediaType === mediaTypes.dockerConfig || mediaType === mediaTypes.ociConfig;
}
