import { setTimeout as sleep } from 'node:timers/promises';
import { RegistryUser } from './registry-user.ts';
import type { ServerProcess } from './server-process.ts';

/** Somebody who looks at a repository of the store again and again, as a consumer's tools would. */
export interface Watcher extends AsyncDisposable {
  /** What they saw that nobody may ever see. */
  readonly troubles: readonly string[];
  /** The tags they saw at the last whole look, in order. */
  tags(): readonly string[];
  /** Resolves when a look that began after this call has been completed. */
  looked(): Promise<void>;
}

/**
 * Starts watching. A look reads the tags, then the signatures, then the manifests: nothing is ever
 * taken back in these tests, so a tag that was seen must be signed by the time the signatures are
 * read, and a signature that was seen must have its manifest by the time that is asked for.
 * While the server is down a look is given up and begun again.
 */
export function watchStore(server: ServerProcess, repository: string): Watcher {
  const troubles: string[] = [];
  const waiting: { readonly since: number; readonly resolve: () => void }[] = [];
  let seen: readonly string[] = [];
  let over = false;
  const running = (async () => {
    for (; !over; await sleep(50)) {
      const began = performance.now();
      const look = await lookAt(server, repository).catch(() => undefined);
      if (look === undefined) continue;
      seen = look.tags;
      troubles.push(...look.troubles);
      for (const waiter of waiting.filter(({ since }) => since <= began)) {
        waiting.splice(waiting.indexOf(waiter), 1);
        waiter.resolve();
      }
    }
  })();
  return {
    troubles,
    tags: () => seen,
    looked: () => new Promise((resolve) => waiting.push({ since: performance.now(), resolve })),
    [Symbol.asyncDispose]: async () => {
      over = true;
      await running;
    },
  };
}

/** @throws Error when the server is down */
async function lookAt(server: ServerProcess, repository: string) {
  using anonymous = new RegistryUser(server.url);
  const troubles: string[] = [];
  const tags = await tagsOf(anonymous, repository, troubles);
  const signed = await signedTags(anonymous, server, repository, troubles);
  for (const tag of tags) if (!signed.has(tag)) troubles.push(`the tag ${tag} has no signature`);
  for (const [tag, digest] of signed) {
    const answer = await anonymous.request('GET', `/v2/${repository}/manifests/${tag}`, {
      headers: { accept: 'application/vnd.docker.distribution.manifest.v2+json' },
    });
    const found = answer.headers['docker-content-digest'];
    if (answer.status === 200 && found === digest) continue;
    troubles.push(`${tag} is signed as ${digest}, the registry has ${answer.status} ${found}`);
  }
  return { tags, troubles };
}

async function tagsOf(user: RegistryUser, repository: string, troubles: string[]) {
  const answer = await user.request('GET', `/v2/${repository}/tags/list`);
  if (answer.status !== 200) {
    if (answer.status !== 404) troubles.push(`tags/list was answered ${answer.status}`);
    return [];
  }
  const { tags } = JSON.parse(String(answer.body)) as { tags: string[] | null };
  return [...(tags ?? [])].sort();
}

interface Metadata {
  readonly signed: {
    readonly meta: Record<string, { hashes: { sha256: string } }>;
    readonly targets: Record<string, { hashes: { sha256: string } }>;
  };
}

/** Tag to digest, as `targets/releases` has them; every file by the hash in its parent. */
async function signedTags(
  user: RegistryUser,
  server: ServerProcess,
  repository: string,
  troubles: string[],
): Promise<Map<string, string>> {
  const get = async (file: string): Promise<Metadata | undefined> => {
    const path = `/v2/${server.host}/${repository}/_trust/tuf/${file}.json`;
    const answer = await user.request('GET', path);
    if (answer.status === 200) return JSON.parse(String(answer.body)) as Metadata;
    if (answer.status !== 404 || file !== 'timestamp') {
      troubles.push(`${file} was answered ${answer.status}`);
    }
    return undefined;
  };
  const child = async (parent: Metadata | undefined, role: string) => {
    const hash = parent?.signed.meta[role]?.hashes.sha256;
    return hash && (await get(`${role}.${hexOf(hash)}`));
  };
  const snapshot = await child(await get('timestamp'), 'snapshot');
  const releases = snapshot && (await child(snapshot, 'targets/releases'));
  const targets = Object.entries(releases ? releases.signed.targets : {});
  return new Map(targets.map(([tag, { hashes }]) => [tag, `sha256:${hexOf(hashes.sha256)}`]));
}

function hexOf(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex');
}
