import { digestOf, utf8 } from '../../src/base/index.ts';
import { mediaTypes } from '../../src/oci/index.ts';
import { type WireAnswer, type WireOptions, wireRequest } from '../support/wire-request.ts';

/** One of the two registries. */
export class Side {
  readonly origin: string;

  constructor(origin: string) {
    this.origin = origin;
  }

  send(method: string, path: string, options: WireOptions = {}): Promise<WireAnswer> {
    return wireRequest(`${this.origin}${path}`, { ...options, method });
  }

  /** @returns its path and query, without the origin that docker-registry puts before it */
  async begin(name: string): Promise<string> {
    const { headers } = await this.send('POST', `/v2/${name}/blobs/uploads/`);
    return pathOf(headers.location);
  }

  async pushBlob(name: string, bytes: Uint8Array): Promise<void> {
    const upload = await this.begin(name);
    const sign = upload.includes('?') ? '&' : '?';
    const path = `${upload}${sign}digest=${digestOf(bytes)}`;
    const { status, body } = await this.send('PUT', path, { body: bytes });
    if (status !== 201) throw new Error(`${status} ${body}`);
  }

  put(name: string, reference: string, body: Uint8Array | string, type: string | undefined) {
    const headers = type === undefined ? {} : { 'content-type': type };
    return this.send('PUT', `/v2/${name}/manifests/${reference}`, { body, headers });
  }

  /** Blobs and an image, so that manifests can be pushed and deleted. */
  async fill(name: string): Promise<void> {
    for (const bytes of [config, layer]) await this.pushBlob(name, bytes);
    for (const tag of ['v1', 'v2']) await this.put(name, tag, image, mediaTypes.ociManifest);
  }
}

export function pathOf(location = ''): string {
  const { pathname, search } = new URL(location, 'http://x');
  return `${pathname}${search}`;
}

export const base = 'acme/base';
const config = utf8(
  '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}',
);
export const layer = utf8('the bytes of a layer');
export const missing = digestOf(utf8('missing'));
export const of = (bytes: Uint8Array, mediaType: string) => ({
  ...{ mediaType, digest: digestOf(bytes), size: bytes.length },
});
export const json = (value: unknown) => utf8(JSON.stringify(value));
export const manifest = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest as string,
  config: of(config, mediaTypes.ociConfig),
  layers: [of(layer, mediaTypes.ociLayer)],
};
export const image = json(manifest);
export const dockerImage = json({
  schemaVersion: 2,
  mediaType: mediaTypes.dockerManifest,
  config: of(config, mediaTypes.dockerConfig),
  layers: [of(layer, mediaTypes.dockerLayerGzip)],
});
export const platform = { architecture: 'amd64', os: 'linux' };
export const index = json({
  schemaVersion: 2,
  mediaType: mediaTypes.ociIndex,
  manifests: [{ ...of(image, mediaTypes.ociManifest), platform }],
});
const list = json({
  schemaVersion: 2,
  mediaType: mediaTypes.dockerList,
  manifests: [{ ...of(dockerImage, mediaTypes.dockerManifest), platform }],
});

/** What BASE holds. */
export async function fillBase(side: Side): Promise<void> {
  await side.fill(base);
  for (const tag of ['latest', '1.0', 'UPPER', '_x']) {
    await side.put(base, tag, image, mediaTypes.ociManifest);
  }
  await side.put(base, 'docker', dockerImage, mediaTypes.dockerManifest);
  await side.put(base, 'all', index, mediaTypes.ociIndex);
  await side.put(base, 'list', list, mediaTypes.dockerList);
}
