import { gzipSync } from 'node:zlib';
import { concatBytes, type Digest, digestOf, utf8 } from '../../src/base/index.ts';
import { mediaTypes } from '../../src/oci/index.ts';

/** An OCI image in memory: its manifest, and the blobs that the manifest names. */
export interface DemoImage {
  readonly manifest: Uint8Array;
  readonly digest: Digest;
  readonly config: Uint8Array;
  readonly layer: Uint8Array;
  readonly layerDigest: Digest;
}

const epoch = '2026-01-01T00:00:00Z';

/**
 * Builds what a careful producer would: one small layer, a user who is not root, a health check,
 * and labels that say where it comes from. Two texts give two images.
 */
export function buildImage(greeting: string): DemoImage {
  const tar = tarOf([
    { path: 'app/hello', mode: 0o755, content: `#!/bin/sh\necho ${JSON.stringify(greeting)}\n` },
    { path: 'etc/passwd', mode: 0o644, content: 'app:x:1000:1000::/app:/bin/sh\n' },
  ]);
  const layer = gzipSync(tar);
  const config = json({
    created: epoch,
    architecture: 'amd64',
    os: 'linux',
    config: {
      User: '1000:1000',
      Cmd: ['/app/hello'],
      WorkingDir: '/app',
      Healthcheck: { Test: ['CMD', '/app/hello'], Interval: 30_000_000_000 },
      Labels: {
        'org.opencontainers.image.title': 'hello',
        'org.opencontainers.image.source': 'https://example.com/acme/hello',
        'org.opencontainers.image.base.name': 'scratch',
      },
    },
    rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
    history: [{ created: epoch, created_by: 'countermark demo' }],
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: descriptorOf(mediaTypes.ociConfig, config),
    layers: [descriptorOf(mediaTypes.ociLayerGzip, layer)],
  });
  return { manifest, digest: digestOf(manifest), config, layer, layerDigest: digestOf(layer) };
}

interface TarFile {
  readonly path: string;
  readonly mode: number;
  readonly content: string;
}

/** @see POSIX.1-1988, "ustar Interchange Format" */
function tarOf(files: readonly TarFile[]): Uint8Array {
  const entries = files.flatMap(({ path, mode, content }) => {
    const body = utf8(content);
    const padding = new Uint8Array((512 - (body.length % 512)) % 512);
    return [headerOf(path, mode, body.length), body, padding];
  });
  return concatBytes(...entries, new Uint8Array(1024));
}

function headerOf(path: string, mode: number, sizeBytes: number): Uint8Array {
  const header = Buffer.alloc(512);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  header.write(path, 0);
  header.write(octal(mode, 7), 100);
  header.write(octal(1000, 7), 108);
  header.write(octal(1000, 7), 116);
  header.write(octal(sizeBytes, 11), 124);
  header.write(octal(Date.parse(epoch) / 1000, 11), 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

function descriptorOf(mediaType: string, bytes: Uint8Array) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

function json(value: unknown): Uint8Array {
  return utf8(JSON.stringify(value));
}
