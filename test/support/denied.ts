import assert from 'node:assert/strict';
import { RegistryUser } from './registry-user.ts';
import type { ServerProcess } from './server-process.ts';
import { holdings } from './server-process-leavings.ts';

/** Asks the registry and the trust server by hand: 401 or 403, with the registry's error body. */
export async function isDenied(
  server: ServerProcess,
  user: { name: string; password: string } | undefined,
  repository: string,
  methods: readonly string[],
): Promise<void> {
  using somebody = new RegistryUser(server.url, user);
  const trust = `/v2/${server.host}/${repository}/_trust/tuf`;
  const paths: Record<string, string[]> = {
    GET: [
      `/v2/${repository}/manifests/1`,
      `/v2/${repository}/tags/list`,
      `${trust}/root.json`,
      `${trust}/timestamp.key`,
    ],
    HEAD: [`/v2/${repository}/manifests/1`],
    POST: [`/v2/${repository}/blobs/uploads/`, `${trust}/`, `${trust}/timestamp.key`],
    PUT: [`/v2/${repository}/manifests/1`],
    DELETE: [`/v2/${repository}/manifests/1`, `${trust}/`],
  };
  const before = holdings(server);
  for (const method of methods) {
    for (const path of paths[method] ?? []) {
      const answer = await somebody.request(method, path);
      const seen = `${method} ${path}: ${answer.status} ${answer.body}`;
      assert.ok([401, 403].includes(answer.status), seen);
      if (method !== 'HEAD') assert.match(String(answer.body), /"(UNAUTHORIZED|DENIED)"/, seen);
    }
  }
  assert.deepEqual(holdings(server), before);
}
