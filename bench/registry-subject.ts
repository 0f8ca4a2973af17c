import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DockerRegistry, startDockerRegistry } from '../test/support/docker-registry.ts';
import { admin, ServerProcess } from '../test/support/server-process.ts';
import { wireRequest } from '../test/support/wire-request.ts';

/** A registry that the bench asks: ours or Debian's. */
export interface RegistrySubject extends AsyncDisposable {
  readonly name: string;
  /** `https://127.0.0.1:PORT`, or http. */
  readonly origin: string;
  pid(): number;
  /** For everything in a repository; undefined where everybody may do everything. */
  token(repository: string): Promise<string | undefined>;
  /** Gives a repository so many tags of a manifest that it has, behind the registry's back. */
  seedTags(repository: string, digest: string, count: number): Promise<void>;
}

/** Ours on SQLite, as `npm start` runs it. */
export async function startOurs(tls: boolean): Promise<RegistrySubject> {
  const server = await ServerProcess.start({ plainHttp: !tls });
  const login = Buffer.from(`${admin.name}:${admin.password}`).toString('base64');
  return {
    name: `ours, ${tls ? 'TLS' : 'plain HTTP'}`,
    origin: server.url,
    pid: () => server.pid,
    // Not by the challenge: it names https, as a client behind a proxy knows the store.
    token: async (repository) => {
      const scope = encodeURIComponent(`repository:${repository}:pull,push,delete`);
      const url = `${server.url}/token?service=countermark&scope=${scope}`;
      const { body } = await wireRequest(url, { headers: { authorization: `Basic ${login}` } });
      return (JSON.parse(body.toString()) as { token: string }).token;
    },
    seedTags: async (repository, digest, count) => {
      const db = new DatabaseSync(join(server.data, 'store.sqlite'), { timeout: 10_000 });
      const add = db.prepare(
        'insert into tags (repository, tag, digest, updated_at) values (?, ?, ?, 0)',
      );
      db.exec('begin immediate');
      for (let i = 0; i < count; i++) add.run(repository, tagOf(i), digest);
      db.exec('commit');
      db.close();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Debian's, on files, with its descriptors cached in memory. */
export async function startPeer(tls: boolean): Promise<RegistrySubject> {
  const peer = await startDockerRegistry({ tls });
  return {
    name: `docker-registry, ${tls ? 'TLS' : 'plain HTTP'}`,
    origin: peer.origin,
    pid: () => peer.pid,
    token: async () => undefined,
    seedTags: async (repository, digest, count) => {
      for (let i = 0; i < count; i++) {
        linkTag(peer, repository, tagOf(i), digest);
        if (i % 1_000 === 0) await sleep(0);
      }
    },
    [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
  };
}

/** @see distribution 2.8 registry/storage/paths.go */
function linkTag({ folder }: DockerRegistry, repository: string, tag: string, digest: string) {
  const manifests = join(folder, 'docker/registry/v2/repositories', repository, '_manifests');
  const current = join(manifests, 'tags', tag, 'current');
  mkdirSync(current, { recursive: true });
  writeFileSync(join(current, 'link'), digest);
}

function tagOf(i: number): string {
  return `v1.${String(i).padStart(6, '0')}`;
}
