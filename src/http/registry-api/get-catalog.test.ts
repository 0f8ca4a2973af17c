import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { parseRepositoryName, type RepositoryName } from '../../oci/index.ts';
import type { ReaderViews, RegistryIndex } from '../../registry/index.ts';
import type { RegistryGate } from '../auth/index.ts';
import { getCatalog } from './get-catalog.ts';

const names = Array.from({ length: 100 }, (_, i) =>
  parseRepositoryName(`acme/${String(i).padStart(3, '0')}`),
);
const number = (name: string) => Number(name.slice(-3));
/** Every third may be pulled, and of the others nothing is asked; of those readers see every second. */
const mayPull = (name: string) => number(name) % 3 === 0;
const isSeen = (name: string) => number(name) % 2 === 0;

test('the catalog has what may be pulled and is seen, in order, whatever is known first', async () => {
  const index: Partial<RegistryIndex> = {
    repositories: async ({ after = '', limit }) =>
      names.filter((name) => name > after).slice(0, limit),
  };
  const views: Partial<ReaderViews> = {
    lists: async (name) => {
      assert.ok(mayPull(name), name);
      // The later ones are known before the earlier ones.
      for (let turns = 100 - number(name); turns > 0; turns--) await Promise.resolve();
      return isSeen(name);
    },
  };
  const gate: Partial<RegistryGate> = { requireList: async () => mayPull };
  const catalog = getCatalog(gate as RegistryGate, index as RegistryIndex, views as ReaderViews);
  for (const n of [1, 5, 16, 17, 1_000]) {
    const found: RepositoryName[] = [];
    for (let path: string | undefined = `/v2/_catalog?n=${n}`; path !== undefined; ) {
      const { link, page } = await asked(catalog, path);
      assert.ok(page.length <= n);
      found.push(...page);
      path = /^<(.+)>; rel="next"$/.exec(link ?? '')?.[1];
    }
    assert.deepEqual(
      found,
      names.filter((name) => mayPull(name) && isSeen(name)),
    );
  }
});

async function asked(catalog: ReturnType<typeof getCatalog>, url: string) {
  const headers = new Map<string, string>();
  const reply = {
    header: (name: string, value: string) => {
      headers.set(name, value);
      return reply;
    },
    send: (body: string) => body,
  };
  const request = { raw: { url } } as FastifyRequest;
  const body = await catalog({ request, reply: reply as unknown as FastifyReply });
  const { repositories } = JSON.parse(String(body)) as { repositories: RepositoryName[] };
  return { link: headers.get('link'), page: repositories };
}
