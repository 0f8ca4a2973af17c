import { type MetadataFile, type Root, trustRoot } from '../tuf/index.ts';
import { findAnchor } from './anchor.ts';
import type { PublishRequest } from './publish.ts';

/**
 * The root of a repository that `notary init` began on this machine, and nobody has published: it is
 * kept, no timestamp is, and the server has none. What else was begun is empty, and made anew.
 *
 * @returns undefined when there is none, or it is not the pinned one
 * @throws StoreError the TUF_ codes of a root that does not hold
 * @see notary 0.7.0 client/client.go Initialize, publish
 */
export async function begunHere(
  request: Pick<PublishRequest, 'gun' | 'cache' | 'remote' | 'pin' | 'now'>,
): Promise<MetadataFile<Root> | undefined> {
  const { gun, cache, remote, pin = 'first-use', now } = request;
  const kept = await cache.load(gun);
  if (!kept.has('root') || kept.has('timestamp') || (await remote.root())) return undefined;
  const anchor = await findAnchor({ gun, pin, source: remote, now }, kept);
  return anchor && trustRoot(gun, anchor.bytes, now).root;
}
