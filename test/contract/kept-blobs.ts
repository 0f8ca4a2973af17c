import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Digest, digestOf, utf8 } from '../../src/base/index.ts';
import type { BlobStore, CollectedBlobs, ScrubbedBlobs } from '../../src/registry/index.ts';
import { bytesOf, push } from '../support/push-blob.ts';

/** A place with blobs, and those who look after them beside the store. */
export interface OpenKeptBlobs {
  readonly blobs: BlobStore & { readonly collected: CollectedBlobs };
  readonly scrubbed: ScrubbedBlobs;
  /** Puts other bytes where those of a digest lie. */
  damage(digest: Digest, bytes: Uint8Array): Promise<void>;
  /** The bytes of what was put aside, by what {@link ScrubbedBlobs.quarantine} said. */
  aside(name: string): Promise<Uint8Array>;
  /** Digests of the blobs that lie there. */
  leavings(): Promise<string[]>;
  close(): Promise<void>;
}

const text = utf8('the bytes of a layer');
const digest = digestOf(text);
const other = utf8('the bytes of a stranger');
/** By any clock there is. */
const soon = () => new Date(Date.now() + 60_000);
const before = () => new Date(Date.now() - 60_000);

/**
 * What collection and scrub need of the place where blobs lie.
 * @param open  makes an empty one
 */
export function keptBlobsContract(name: string, open: () => Promise<OpenKeptBlobs>): void {
  const contract = (
    sentence: string,
    run: (opened: OpenKeptBlobs) => Promise<readonly string[]>,
  ): void => {
    test(`${name}: ${sentence}`, async () => {
      const opened = await open();
      try {
        assert.deepEqual([...(await run(opened))].sort(), (await opened.leavings()).sort());
      } finally {
        await opened.close();
      }
    });
  };

  contract('a young blob is not collected', async ({ blobs }) => {
    await push(blobs, text);
    assert.deepEqual(await found(blobs.collected, before()), []);
    assert.equal(await blobs.collected.remove(digest, before()), undefined);
    return [digest];
  });

  contract('an old blob is found and removed, and its size told', async ({ blobs }) => {
    await push(blobs, text);
    assert.deepEqual(await found(blobs.collected, soon()), [digest]);
    assert.equal(await blobs.collected.remove(digest, soon()), text.length);
    assert.equal(await blobs.stat(digest), undefined);
    assert.equal(await blobs.collected.remove(digest, soon()), undefined);
    return [];
  });

  contract('a blob that was removed is pushed again', async ({ blobs }) => {
    await push(blobs, text);
    await blobs.collected.remove(digest, soon());
    await push(blobs, text);
    assert.deepEqual(await bytesOf(blobs.read(digest)), text);
    return [digest];
  });

  contract('everything is found to be read again, whatever its hash', async (opened) => {
    const { blobs, scrubbed } = opened;
    const long = digestOf(text, 'sha512');
    await push(blobs, text);
    await push(blobs, text, undefined, 'sha512');
    const all = [];
    for await (const some of scrubbed.all()) all.push(...some);
    assert.deepEqual(all, [
      { digest, sizeBytes: text.length },
      { digest: long, sizeBytes: text.length },
    ]);
    for (const one of [digest, long]) assert.deepEqual(await bytesOf(scrubbed.read(one)), text);
    assert.deepEqual(await scrubbed.stat(long), { sizeBytes: text.length });
    return [digest, long];
  });

  contract('what is not there cannot be read', async ({ scrubbed }) => {
    assert.equal(await scrubbed.stat(digest), undefined);
    await assert.rejects(bytesOf(scrubbed.read(digest)), { code: 'REGISTRY_BLOB_UNKNOWN' });
    assert.equal(await scrubbed.quarantine(digest, soon()), undefined);
    return [];
  });

  contract(
    'what rotted is put aside, and served to nobody until it comes again',
    async (opened) => {
      const { blobs, scrubbed, damage, aside } = opened;
      await push(blobs, text);
      await damage(digest, other);
      assert.deepEqual(await bytesOf(scrubbed.read(digest)), other);
      const where = (await scrubbed.quarantine(digest, soon())) ?? assert.fail('it stays');
      assert.match(where, /^quarantine\//);
      assert.deepEqual(await aside(where), other);
      assert.equal(await blobs.stat(digest), undefined);
      await assert.rejects(bytesOf(blobs.read(digest)), { code: 'REGISTRY_BLOB_UNKNOWN' });
      await push(blobs, text);
      assert.deepEqual(await bytesOf(blobs.read(digest)), text);
      return [digest];
    },
  );

  contract('what was pushed since it was read is not put aside', async (opened) => {
    const { blobs, scrubbed, damage } = opened;
    await push(blobs, text);
    await damage(digest, other);
    const whenRead = new Date();
    await bytesOf(scrubbed.read(digest));
    await push(blobs, text);
    assert.equal(await scrubbed.quarantine(digest, whenRead), undefined);
    assert.deepEqual(await bytesOf(blobs.read(digest)), text);
    return [digest];
  });
}

async function found(collected: CollectedBlobs, before: Date): Promise<Digest[]> {
  const all: Digest[] = [];
  for await (const some of collected.olderThan(before)) all.push(...some);
  return all;
}
