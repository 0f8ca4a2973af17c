import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Digest, digestOf, utf8 } from '../../src/base/index.ts';
import type { BlobStore, UploadId } from '../../src/registry/index.ts';
import { bytesOf, limitBytes, newId, pieces, push } from '../support/push-blob.ts';

/** A store under test. */
export interface OpenBlobStore {
  readonly blobs: BlobStore;
  /** The same bytes as after a restart of the process. */
  reopen(): Promise<BlobStore>;
  /** Puts other bytes where those of a digest lie, as a broken disk or an intruder would. */
  damage(digest: Digest, bytes: Uint8Array): Promise<void>;
  /** Everything that is stored, in any order: digests of blobs, ids of uploads. */
  leavings(): Promise<string[]>;
  close(): Promise<void>;
}

const text = utf8('the bytes of a layer');
const digest = digestOf(text);
const other = digestOf(utf8('others'));

/**
 * What every BlobStore must do. At the end of each test, what is stored must be what the test says:
 * nothing is left behind.
 *
 * @param open  makes an empty store that allows three uploads at once
 */
export function blobStoreContract(name: string, open: () => Promise<OpenBlobStore>): void {
  const contract = (
    sentence: string,
    run: (opened: OpenBlobStore) => Promise<readonly string[]>,
  ): void => {
    test(`${name}: ${sentence}`, async () => {
      const opened = await open();
      try {
        const expected = await run(opened);
        assert.deepEqual((await opened.leavings()).sort(), [...expected].sort());
      } finally {
        await opened.close();
      }
    });
  };

  contract('what was pushed is read, whole and in parts', async ({ blobs }) => {
    await push(blobs, text, 7);
    assert.deepEqual(await blobs.stat(digest), { sizeBytes: text.length });
    assert.deepEqual(await bytesOf(blobs.read(digest)), text);
    assert.deepEqual(await bytesOf(blobs.read(digest, { start: 4, end: 8 })), text.slice(4, 9));
    assert.deepEqual(await bytesOf(blobs.read(digest, { start: 19, end: 19 })), text.slice(19));
    return [digest];
  });

  contract('a blob is measured', async ({ blobs }) => {
    assert.equal(await blobs.measure(digest), undefined);
    await push(blobs, text, 7);
    assert.deepEqual(await blobs.measure(digest), { digest, sizeBytes: text.length });
    assert.deepEqual(await blobs.stat(digest), { sizeBytes: text.length });
    return [digest];
  });

  contract(
    'a damaged blob is missing once it was measured, until it is pushed again',
    async (opened) => {
      const { blobs, damage } = opened;
      await push(blobs, text, 7);
      const wrong = utf8('the bytes of a stranger');
      await damage(digest, wrong);
      const found = { digest: digestOf(wrong), sizeBytes: wrong.length };
      assert.deepEqual(await blobs.measure(digest), found);
      assert.equal(await blobs.stat(digest), undefined);
      assert.equal(await blobs.measure(digest), undefined);
      await assert.rejects(bytesOf(blobs.read(digest)), { code: 'REGISTRY_BLOB_UNKNOWN' });
      await push(blobs, text, 7);
      assert.deepEqual(await bytesOf(blobs.read(digest)), text);
      return [digest];
    },
  );

  for (const said of ['sha512', 'sha256', undefined] as const) {
    contract(`a blob is named by its sha512, when its upload said ${said}`, async (opened) => {
      const { blobs } = opened;
      const long = digestOf(text, 'sha512');
      const id = newId();
      await blobs.beginUpload(id, said);
      await append(blobs, id, 0, text.slice(0, 9));
      await append(said ? blobs : await opened.reopen(), id, 9, text.slice(9));
      const after = said ? blobs : await opened.reopen();
      assert.deepEqual(await after.finishUpload(id, long), { sizeBytes: text.length });
      assert.deepEqual(await blobs.measure(long), { digest: long, sizeBytes: text.length });
      assert.deepEqual(await bytesOf(blobs.read(long)), text);
      assert.equal(await blobs.stat(digest), undefined);
      return [long];
    });
  }

  contract('an upload that is not of its sha512 is gone', async ({ blobs }) => {
    const id = newId();
    await blobs.beginUpload(id, 'sha512');
    await append(blobs, id, 0, text);
    await assert.rejects(blobs.finishUpload(id, digestOf(utf8('others'), 'sha512')), {
      code: 'REGISTRY_DIGEST_MISMATCH',
    });
    return [];
  });

  contract('an empty blob is a blob', async ({ blobs }) => {
    const empty = new Uint8Array();
    await push(blobs, empty);
    assert.deepEqual(await blobs.stat(digestOf(empty)), { sizeBytes: 0 });
    assert.deepEqual(await bytesOf(blobs.read(digestOf(empty))), empty);
    return [digestOf(empty)];
  });

  contract('several megabytes come back the same', async ({ blobs }) => {
    const large = Uint8Array.from({ length: 3_333_333 }, (_, i) => (i * i) % 251);
    await push(blobs, large, 70_000);
    assert.equal(digestOf(await bytesOf(blobs.read(digestOf(large)))), digestOf(large));
    return [digestOf(large)];
  });

  contract('bytes may come in any number of chunks and pieces', async ({ blobs }) => {
    const id = await begin(blobs);
    let offset = 0;
    for (const size of [1, 0, 7, 12]) {
      const bytes = text.slice(offset, offset + size);
      assert.equal(await append(blobs, id, offset, bytes), offset + size);
      offset += size;
      assert.equal(await blobs.uploadSize(id), offset);
    }
    assert.deepEqual(await blobs.finishUpload(id, digest), { sizeBytes: text.length });
    assert.equal(await blobs.uploadSize(id), undefined);
    return [digest];
  });

  contract('the same blob can be pushed again', async ({ blobs }) => {
    await push(blobs, text, 7);
    await push(blobs, text, 7);
    return [digest];
  });

  contract('a blob that is not there is unknown', async ({ blobs }) => {
    assert.equal(await blobs.stat(other), undefined);
    await assert.rejects(bytesOf(blobs.read(other)), { code: 'REGISTRY_BLOB_UNKNOWN' });
    return [];
  });

  contract('nothing is a blob before it is finished', async ({ blobs }) => {
    const id = await begin(blobs);
    await append(blobs, id, 0, text);
    assert.equal(await blobs.stat(digest), undefined);
    return [id];
  });

  contract('another digest ends the upload and keeps nothing', async ({ blobs }) => {
    const id = await begin(blobs);
    await append(blobs, id, 0, text);
    await assert.rejects(blobs.finishUpload(id, other), { code: 'REGISTRY_DIGEST_MISMATCH' });
    assert.equal(await blobs.uploadSize(id), undefined);
    return [];
  });

  contract('what came before the sender failed is kept and continued', async ({ blobs }) => {
    const id = await begin(blobs);
    const broken = async function* () {
      yield text.slice(0, 5);
      throw new Error('gone');
    };
    const chunk = { offset: 0, bytes: broken(), sizeBytes: text.length, limitBytes };
    await assert.rejects(blobs.appendUpload(id, chunk), { code: 'REGISTRY_UPLOAD_INTERRUPTED' });
    assert.equal(await blobs.uploadSize(id), 5);
    await append(blobs, id, 5, text.slice(5));
    await blobs.finishUpload(id, digest);
    return [digest];
  });

  contract('an upload goes on after a restart', async ({ blobs, reopen }) => {
    const id = await begin(blobs);
    await append(blobs, id, 0, text.slice(0, 9));
    const again = await reopen();
    assert.equal(await again.uploadSize(id), 9);
    await append(again, id, 9, text.slice(9));
    await again.finishUpload(id, digest);
    return [digest];
  });

  contract('an upload is finished after a restart', async ({ blobs, reopen }) => {
    const id = await begin(blobs);
    await append(blobs, id, 0, text);
    await (await reopen()).finishUpload(id, digest);
    return [digest];
  });

  const wrongLengths: [string, { size?: number; limit?: number }, string][] = [
    ['more than announced', { size: 9 }, 'REGISTRY_UPLOAD_LENGTH'],
    ['less than announced', { size: 99 }, 'REGISTRY_UPLOAD_LENGTH'],
    ['more than the limit', { limit: 10 }, 'REGISTRY_BLOB_TOO_LARGE'],
  ];
  for (const [sentence, { size, limit = limitBytes }, code] of wrongLengths) {
    contract(`a chunk with ${sentence} leaves the upload as it was`, async ({ blobs }) => {
      const id = await begin(blobs);
      await append(blobs, id, 0, text.slice(0, 3));
      const bytes = pieces(text.slice(3), 4);
      const chunk = { offset: 3, bytes, sizeBytes: size, limitBytes: limit };
      await assert.rejects(blobs.appendUpload(id, chunk), { code });
      assert.equal(await blobs.uploadSize(id), 3);
      await append(blobs, id, 3, text.slice(3));
      await blobs.finishUpload(id, digest);
      return [digest];
    });
  }

  for (const offset of [0, 4, Number.MAX_SAFE_INTEGER]) {
    contract(`a chunk at ${offset} of an upload of 3 bytes is refused`, async ({ blobs }) => {
      const id = await begin(blobs);
      await append(blobs, id, 0, text.slice(0, 3));
      await assert.rejects(append(blobs, id, offset, text), { code: 'REGISTRY_UPLOAD_OFFSET' });
      assert.equal(await blobs.uploadSize(id), 3);
      return [id];
    });
  }

  contract('only one request at a time works on an upload', async ({ blobs }) => {
    const id = await begin(blobs);
    const { promise, resolve } = Promise.withResolvers<void>();
    const slow = async function* () {
      await promise;
      yield text;
    };
    const first = blobs.appendUpload(id, {
      offset: 0,
      bytes: slow(),
      sizeBytes: undefined,
      limitBytes,
    });
    const busy = { code: 'REGISTRY_UPLOAD_BUSY' };
    await assert.rejects(append(blobs, id, 0, text), busy);
    await assert.rejects(blobs.finishUpload(id, digest), busy);
    await assert.rejects(blobs.cancelUpload(id), busy);
    resolve();
    assert.equal(await first, text.length);
    await blobs.cancelUpload(id);
    return [];
  });

  contract('an upload that does not exist is unknown to every request', async ({ blobs }) => {
    const id = newId();
    const unknown = { code: 'REGISTRY_UPLOAD_UNKNOWN' };
    assert.equal(await blobs.uploadSize(id), undefined);
    await assert.rejects(append(blobs, id, 0, text), unknown);
    await assert.rejects(blobs.finishUpload(id, digest), unknown);
    await assert.rejects(blobs.cancelUpload(id), unknown);
    return [];
  });

  contract('uploads are limited, those of before a restart too', async ({ blobs, reopen }) => {
    const ids = [await begin(blobs), await begin(blobs), await begin(blobs)];
    const again = await reopen();
    for (const store of [blobs, again]) {
      await assert.rejects(begin(store), { code: 'REGISTRY_TOO_MANY_UPLOADS' });
    }
    await again.cancelUpload(ids[0] as UploadId);
    return [...ids.slice(1), await begin(again)];
  });

  contract('an upload is stale when nobody wrote to it since', async ({ blobs }) => {
    const id = await begin(blobs);
    assert.deepEqual(await blobs.staleUploads(new Date(Date.now() - 60_000)), []);
    assert.deepEqual(await blobs.staleUploads(new Date(Date.now() + 60_000)), [id]);
    return [id];
  });

  contract('a reader that stops early is no trouble', async ({ blobs }) => {
    await push(blobs, new Uint8Array(2_000_000), 70_000);
    for await (const _ of blobs.read(digestOf(new Uint8Array(2_000_000)))) break;
    return [digestOf(new Uint8Array(2_000_000))];
  });
}

async function begin(blobs: BlobStore): Promise<UploadId> {
  const id = newId();
  await blobs.beginUpload(id);
  return id;
}

function append(blobs: BlobStore, id: UploadId, offset: number, bytes: Uint8Array) {
  const chunk = { offset, bytes: pieces(bytes, 3), sizeBytes: undefined, limitBytes };
  return blobs.appendUpload(id, chunk);
}
