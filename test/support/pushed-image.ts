import assert from 'node:assert/strict';
import { type Login, RegistryUser } from './registry-user.ts';
import type { ServerProcess } from './server-process.ts';

/** Of one image. */
export interface Digests {
  readonly manifest: string;
  readonly config: string;
  readonly layer: string;
}

/** What a manifest names: its last layer is what the image itself adds. */
export async function digestsOf(
  server: ServerProcess,
  user: Login,
  repository: string,
  reference: string,
): Promise<Digests> {
  using registry = new RegistryUser(server.url, user);
  const { bytes, digest } = await manifestOf(registry, repository, reference);
  const { config, layers } = JSON.parse(bytes.toString()) as {
    config: { digest: string };
    layers: { digest: string }[];
  };
  return { manifest: digest, config: config.digest, layer: layers.at(-1)?.digest ?? '' };
}

/** An image's manifest, with its digest. */
export async function manifestOf(registry: RegistryUser, repository: string, reference: string) {
  const answer = await registry.request('GET', `/v2/${repository}/manifests/${reference}`, {
    headers: { accept: 'application/vnd.docker.distribution.manifest.v2+json' },
  });
  assert.equal(answer.status, 200, String(answer.body));
  return { bytes: answer.body, digest: answer.headers['docker-content-digest'] ?? '' };
}
