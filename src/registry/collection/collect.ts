import type { Digest } from '../../base/index.ts';
import type { RepositoryName } from '../../oci/index.ts';
import type { Page } from '../ports.ts';
import type { NamePattern } from './name-pattern.ts';
import type { CollectedBlobs, CollectionIndex, SignedContent } from './ports.ts';
import { type AgedTag, type TagRetention, tagsToForget } from './tag-retention.ts';

const atOnce = 200;
const hourMs = 3_600_000;

/** What is taken out, and when. */
export interface CollectionRules {
  /**
   * How long a blob may lie without a manifest that needs it, in milliseconds: longer than the
   * slowest push takes from its first layer to its manifest.
   */
  readonly blobsAfterMs: number;
  /** How long a manifest may lie without a tag, in milliseconds; for ever when undefined. */
  readonly untaggedAfterMs: number | undefined;
  /** Where another time counts; the first that fits. */
  readonly untaggedIn?: readonly {
    readonly repositories: NamePattern;
    readonly afterMs: number;
  }[];
  readonly tags: readonly TagRetention[];
}

/** A day for blobs; whatever was pushed stays. */
export const defaultCollection: CollectionRules = {
  blobsAfterMs: 24 * hourMs,
  untaggedAfterMs: undefined,
  tags: [],
};

/** What one round took out. */
export interface Collected {
  tags: number;
  manifests: number;
  links: number;
  blobs: number;
  bytes: number;
  /** Repositories whose trust metadata could not be read; nothing was taken out of those. */
  readonly unread: { readonly repository: RepositoryName; readonly error: unknown }[];
}

/** What a round works with. */
export interface CollectionPorts {
  readonly index: CollectionIndex;
  readonly blobs: CollectedBlobs;
  /** True for repositories whose tags and manifests only the chain takes out. */
  readonly isManaged: (repository: RepositoryName) => boolean;
  /** Waits a little, so that requests go before; throws when the round shall end. */
  readonly breathe: () => Promise<void>;
}

/**
 * One round over everything, beside pushes and pulls, a little at a time. It may be ended anywhere
 * and begun again: each transaction takes out what nothing holds and leaves the rest whole.
 *
 * In this order: tags that the rules let go, manifests without a tag, blobs without a manifest,
 * bytes without a repository. What each step sets free is old enough for the next at once.
 */
export async function collect(
  ports: CollectionPorts,
  rules: CollectionRules,
  now: Date,
): Promise<Collected> {
  const collected: Collected = { tags: 0, manifests: 0, links: 0, blobs: 0, bytes: 0, unread: [] };
  for await (const repository of pages((page) => ports.index.repositories(page), String)) {
    await ports.breathe();
    try {
      if (!ports.isManaged(repository))
        await forgetImages(ports, repository, rules, now, collected);
    } catch (error) {
      collected.unread.push({ repository, error });
      continue;
    }
    await forgetLinks(ports, repository, before(now, rules.blobsAfterMs), collected);
  }
  await removeBytes(ports, before(now, rules.blobsAfterMs), collected);
  return collected;
}

async function forgetImages(
  { index, breathe }: CollectionPorts,
  repository: RepositoryName,
  rules: CollectionRules,
  now: Date,
  collected: Collected,
): Promise<void> {
  let signed: SignedContent | undefined;
  if (rules.tags.some((rule) => rule.repositories(repository))) {
    const tags: AgedTag[] = [];
    for await (const tag of pages(
      (page) => index.agedTags(repository, page),
      ({ tag }) => tag,
    )) {
      tags.push(tag);
    }
    for (const some of piecesOf(tagsToForget(repository, tags, rules.tags, now))) {
      signed ??= await index.signedContent(repository);
      collected.tags += (await index.forgetTags(repository, some, signed)).length;
      await breathe();
    }
  }
  const own = rules.untaggedIn?.find(({ repositories }) => repositories(repository));
  const untaggedAfterMs = own?.afterMs ?? rules.untaggedAfterMs;
  if (untaggedAfterMs === undefined) return;
  const old = before(now, untaggedAfterMs);
  const untagged: Digest[] = [];
  for await (const digest of pages((page) => index.untagged(repository, old, page), String)) {
    untagged.push(digest);
  }
  for (const some of piecesOf(untagged)) {
    signed ??= await index.signedContent(repository);
    collected.manifests += (await index.forgetManifests(repository, some, old, signed)).length;
    await breathe();
  }
}

async function forgetLinks(
  { index, breathe }: CollectionPorts,
  repository: RepositoryName,
  old: Date,
  collected: Collected,
): Promise<void> {
  for (;;) {
    const links = await index.forgetBlobs(repository, old, atOnce);
    collected.links += links;
    if (links < atOnce) return;
    await breathe();
  }
}

async function removeBytes(
  { index, blobs, breathe }: CollectionPorts,
  old: Date,
  collected: Collected,
): Promise<void> {
  for await (const digests of blobs.olderThan(old)) {
    for (const some of piecesOf(digests)) {
      const linked = await index.linked(some);
      for (const digest of some) {
        const freed = linked.has(digest) ? undefined : await blobs.remove(digest, old);
        if (freed === undefined) continue;
        collected.blobs += 1;
        collected.bytes += freed;
      }
      await breathe();
    }
  }
}

/** Everything on all pages; what is taken out or put in meanwhile may be in it or not. */
async function* pages<T>(
  read: (page: Page) => Promise<readonly T[]>,
  nameOf: (one: T) => string,
): AsyncGenerator<T> {
  let after: string | undefined;
  for (;;) {
    const page = await read({ after, limit: atOnce });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < atOnce) return;
    after = nameOf(last);
  }
}

function* piecesOf<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += atOnce) yield all.slice(at, at + atOnce);
}

function before(now: Date, ms: number): Date {
  return new Date(now.getTime() - ms);
}
