/** Blobs in a bucket of a real server of S3's protocol, also when the way there is bad. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Bucket } from '../../src/adapters/blobs/s3/bucket.ts';
import { CollectedObjects } from '../../src/adapters/blobs/s3/collected-objects.ts';
import { DigestLocks } from '../../src/adapters/blobs/s3/digest-locks.ts';
import {
  type BucketPlace,
  openS3Blobs,
  openScrubbedObjects,
  type S3Blobs,
} from '../../src/adapters/blobs/s3/index.ts';
import { keysBelow } from '../../src/adapters/blobs/s3/keys.ts';
import { readObject } from '../../src/adapters/blobs/s3/read-object.ts';
import { type Digest, digestOf, Unavailable, utf8 } from '../../src/base/index.ts';
import { blobStoreContract } from '../contract/blob-store.ts';
import { keptBlobsContract } from '../contract/kept-blobs.ts';
import { BucketInside } from '../support/bucket-inside.ts';
import { bytesOf, push, upload } from '../support/push-blob.ts';
import { type Asked, type Fault, FaultyS3 } from '../support/s3-faults.ts';
import { S3Server, s3Credentials } from '../support/s3-server.ts';

const uploadLimit = 3;
const undo = new AsyncDisposableStack();
let server: S3Server;
let faulty: FaultyS3;
let inside: BucketInside;
before(async () => {
  process.env.AWS_ACCESS_KEY_ID = s3Credentials.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = s3Credentials.secretAccessKey;
  server = undo.use(await S3Server.start());
  inside = new BucketInside(server);
  faulty = undo.use(await FaultyS3.start(server.port));
});
after(() => undo[Symbol.asyncDispose]());

let made = 0;
/** Each test has a prefix of its own in the one bucket. */
function place(endpoint = server.endpoint): BucketPlace {
  const prefix = `${++made}/`;
  return { bucket: server.bucket, prefix, region: 'us-east-1', endpoint, redirect: undefined };
}

blobStoreContract('S3', async () => {
  const at = place();
  const folder = await mkdtemp(join(tmpdir(), 'cm-blobs-'));
  const opened = new DisposableStack();
  const open = async () => opened.use(await openS3Blobs(at, folder, uploadLimit));
  return {
    blobs: await open(),
    reopen: open,
    damage: (digest, bytes) => inside.overwrite(at, digest, bytes),
    leavings: async () => [...(await inside.leftIn(at)), ...(await filesIn(folder))],
    close: async () => {
      opened.dispose();
      await rm(folder, { recursive: true });
    },
  };
});

keptBlobsContract('S3', async () => {
  const at = place();
  const folder = await mkdtemp(join(tmpdir(), 'cm-blobs-'));
  const opened = new DisposableStack();
  return {
    blobs: opened.use(await openS3Blobs(at, folder)),
    scrubbed: opened.use(await openScrubbedObjects(at, folder)),
    damage: (digest, bytes) => inside.overwrite(at, digest, bytes),
    aside: (name) => inside.objectAt(`${at.prefix}${name}`),
    leavings: async () => (await inside.leftIn(at)).filter((key) => !key.includes('/')),
    close: async () => {
      opened.dispose();
      await rm(folder, { recursive: true });
    },
  };
});

const text = utf8('the bytes of a small layer');
/** Sent in two parts. */
const large = new Uint8Array(9_000_000).map((_, at) => (at * at) % 251);

/** A store behind the faults. */
class Opened implements AsyncDisposable {
  readonly at: BucketPlace;
  readonly folder: string;
  readonly blobs: S3Blobs;

  private constructor(at: BucketPlace, folder: string, blobs: S3Blobs) {
    this.at = at;
    this.folder = folder;
    this.blobs = blobs;
  }

  static async open(): Promise<Opened> {
    faulty.heal();
    const at = place(faulty.endpoint);
    const folder = await mkdtemp(join(tmpdir(), 'cm-blobs-'));
    return new Opened(at, folder, await openS3Blobs(at, folder));
  }

  async left(): Promise<string[]> {
    return [...(await inside.leftIn(this.at)), ...(await filesIn(this.folder))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    faulty.heal();
    this.blobs[Symbol.dispose]();
    await rm(this.folder, { recursive: true });
  }
}

// biome-ignore format: the columns line up
const survived: [bytes: Uint8Array, kind: Asked, fault: Fault, times: number][] = [
  [text,  'PUT object',    'slow down',  2],
  [text,  'PUT object',    'reset',      2],
  [text,  'PUT object',    'unanswered', 2],
  [text,  'HEAD object',   'slow down',  2],
  [large, 'PUT part',      'reset',      2],
  [large, 'PUT part',      'unanswered', 2],
  [large, 'POST complete', 'slow down',  2],
  [large, 'POST complete', 'unanswered', 9],
];
for (const [bytes, kind, fault, times] of survived) {
  test(`a push of ${bytes.length} bytes survives ${times} times "${fault}" of ${kind}`, async () => {
    await using opened = await Opened.open();
    faulty.harm(kind, fault, times);
    await push(opened.blobs, bytes);
    assert.ok(faulty.asked.filter((asked) => asked === kind).length > 1, 'it was asked again');
    assert.deepEqual(await opened.left(), [digestOf(bytes)]);
    assert.ok(same(await bytesOf(opened.blobs.read(digestOf(bytes))), bytes));
  });
}

// biome-ignore format: the columns line up
const refused: [bytes: Uint8Array, kind: Asked, fault: Fault][] = [
  [text,  'PUT object',    'slow down'],
  [text,  'PUT object',    'denied'],
  [large, 'PUT part',      'reset'],
  [large, 'PUT part',      'lost'],
  [large, 'POST complete', 'slow down'],
];
for (const [bytes, kind, fault] of refused) {
  test(`while ${kind} fails by "${fault}" nothing is there, and finishing again is enough`, async () => {
    await using opened = await Opened.open();
    const { blobs } = opened;
    const digest = digestOf(bytes);
    const id = await upload(blobs, bytes);
    faulty.harm(kind, fault);
    await assert.rejects(blobs.finishUpload(id, digest), Unavailable);
    assert.deepEqual(await opened.left(), [id], 'neither a blob nor parts');
    assert.equal(await blobs.stat(digest), undefined);
    assert.equal(await blobs.uploadSize(id), bytes.length);
    faulty.heal();
    await blobs.finishUpload(id, digest);
    assert.ok(same(await bytesOf(blobs.read(digest)), bytes));
    assert.deepEqual(await opened.left(), [digest]);
  });
}

test('what is not answered is not known to be missing', async () => {
  await using opened = await Opened.open();
  const { blobs } = opened;
  await push(blobs, text);
  for (const fault of ['slow down', 'reset', 'denied'] as const) {
    faulty.harm('HEAD object', fault);
    await assert.rejects(blobs.stat(digestOf(text)), Unavailable, fault);
    faulty.harm('GET object', fault);
    await assert.rejects(bytesOf(blobs.read(digestOf(text))), Unavailable, fault);
  }
  const error = await bytesOf(blobs.read(digestOf(text))).catch((thrown) => thrown);
  const told = `${error.stack} ${error.cause.stack} ${JSON.stringify([error, error.cause])}`;
  assert.doesNotMatch(told, new RegExp(`${s3Credentials.secretAccessKey}|Signature`));
});

test('a pull goes on where its connection broke, any number of times', async () => {
  await using opened = await Opened.open();
  const { blobs } = opened;
  await push(blobs, large);
  faulty.heal();
  faulty.harm('GET object', { cutAfterBytes: 2_000_000 });
  assert.ok(same(await bytesOf(blobs.read(digestOf(large))), large));
  assert.equal(faulty.asked.length, 5);
  const range = { start: 1_000_000, end: 5_999_999 };
  const part = await bytesOf(blobs.read(digestOf(large), range));
  assert.ok(same(part, large.subarray(1_000_000, 6_000_000)));
});

test('a slow answer is waited for', async () => {
  await using opened = await Opened.open();
  await push(opened.blobs, large.subarray(0, 500_000));
  faulty.harm('GET object', 'slow');
  const digest = digestOf(large.subarray(0, 500_000));
  assert.ok(same(await bytesOf(opened.blobs.read(digest)), large.subarray(0, 500_000)));
});

test('a pull that gets no further fails, and never ends as if it were whole', async () => {
  await using opened = await Opened.open();
  const { blobs } = opened;
  await push(blobs, large);
  let first = true;
  faulty.fault = () => ({ cutAfterBytes: first ? 100_000 : 0 });
  const got: Uint8Array[] = [];
  const pull = async () => {
    for await (const piece of blobs.read(digestOf(large))) {
      got.push(piece);
      first = false;
    }
  };
  await assert.rejects(pull, Unavailable);
  const sizeBytes = got.reduce((sum, { length }) => sum + length, 0);
  assert.ok(sizeBytes > 0 && sizeBytes <= 100_000);
  assert.ok(same(Buffer.concat(got), large.subarray(0, sizeBytes)));
});

test('a connection on which nothing comes is given up, and a pull goes on with another', async () => {
  await using opened = await Opened.open();
  const { blobs, at } = opened;
  const digest = digestOf(large);
  await push(blobs, large);
  const bucket = await Bucket.open(at, { idleMs: 500 });
  const key = keysBelow(at.prefix).blob(digest);
  faulty.harm('HEAD object', 'silent');
  await assert.rejects(bucket.head(key), Unavailable);
  faulty.harm('GET object', { cutAfterBytes: 2_000_000, stays: true }, 2);
  const object = (await bucket.get(key)) ?? assert.fail('it is there');
  assert.ok(same(await bytesOf(readObject(bucket, key, digest, object)), large));
  bucket.close();
});

test('two contents are never mixed in one pull', async () => {
  await using opened = await Opened.open();
  const { blobs, at } = opened;
  await push(blobs, large);
  let cut = false;
  faulty.fault = async () => {
    if (cut) {
      faulty.fault = () => undefined;
      await inside.overwrite(
        at,
        digestOf(large),
        large.map((byte) => byte ^ 1),
      );
      return undefined;
    }
    cut = true;
    return { cutAfterBytes: 1_000_000 };
  };
  await assert.rejects(bytesOf(blobs.read(digestOf(large))), { code: 'REGISTRY_BLOB_DAMAGED' });
});

test('a blob that is pushed while it is being removed is there afterwards', async () => {
  await using opened = await Opened.open();
  const { blobs } = opened;
  const digest = digestOf(text);
  await push(blobs, text);
  const id = await upload(blobs, text);
  const old = new Date(Date.now() + 60_000);
  let pushing: Promise<unknown> = Promise.resolve();
  faulty.fault = async (asked) => {
    if (asked !== 'DELETE object') return undefined;
    // It was looked at, and is about to be removed: now it comes again.
    const { promise: put, resolve } = Promise.withResolvers<void>();
    faulty.fault = (asked) => void (asked === 'PUT object' && setTimeout(resolve, 300));
    pushing = blobs.finishUpload(id, digest);
    await put;
    return undefined;
  };
  assert.equal(await blobs.collected.remove(digest, old), text.length);
  assert.deepEqual(await pushing, { sizeBytes: text.length });
  assert.deepEqual(await bytesOf(blobs.read(digest)), text);
  assert.deepEqual(await opened.left(), [digest]);
});

test('parts that a killed store left are given up by collection', async () => {
  await using opened = await Opened.open();
  const { blobs, at, folder } = opened;
  const id = await upload(blobs, large);
  faulty.fault = (asked) => (/complete|parts/.test(asked) ? 'reset' : undefined);
  await assert.rejects(blobs.finishUpload(id, digestOf(large)), Unavailable);
  faulty.heal();
  const key = keysBelow(at.prefix).blob(digestOf(large));
  assert.deepEqual(await inside.leftIn(at), [`parts of ${key}`]);
  await Array.fromAsync(blobs.collected.olderThan(new Date()));
  assert.deepEqual(await inside.leftIn(at), [`parts of ${key}`], 'they may be of a push under way');
  const bucket = await Bucket.open(at);
  const locks = new DigestLocks(join(folder, 'locks'));
  const later = new CollectedObjects(bucket, keysBelow(at.prefix), locks, -60_000);
  await Array.fromAsync(later.olderThan(new Date()));
  bucket.close();
  assert.deepEqual(await inside.leftIn(at), []);
});

test('what rotted and is larger than may be copied at once is put aside in parts', async () => {
  await using opened = await Opened.open();
  const { at, folder } = opened;
  const digest = digestOf(text);
  await inside.overwrite(at, digest, large);
  using scrubbed = await openScrubbedObjects(at, folder, 5 * 1024 * 1024);
  await bytesOf(scrubbed.read(digest));
  const aside = (await scrubbed.quarantine(digest)) ?? assert.fail('it stays');
  assert.ok(same(await inside.objectAt(`${at.prefix}${aside}`), large));
  assert.deepEqual(await inside.leftIn(at), [`${at.prefix}${aside}`]);
});

test('through every fault at random, what was acknowledged is there and nothing else', async () => {
  await using opened = await Opened.open();
  const { blobs, at } = opened;
  const faults: readonly Fault[] = ['slow down', 'reset', 'unanswered', { cutAfterBytes: 10 }];
  let state = 20_261_121;
  const next = (below: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  faulty.fault = () => (next(2) === 0 ? faults[next(faults.length)] : undefined);
  const wanted = Array.from({ length: 10 }, (_, at) =>
    at % 5 === 0 ? large.subarray(at) : large.subarray(at, 1_000 + at * 10_000),
  );
  const acknowledged = new Set<string>();
  let failures = 0;
  const client = async () => {
    for (let bytes = wanted.pop(); bytes; bytes = wanted.pop()) {
      const digest = digestOf(bytes);
      const id = await upload(blobs, bytes);
      while (!acknowledged.has(digest)) {
        await blobs.finishUpload(id, digest).then(
          () => acknowledged.add(digest),
          (error) => {
            assert.ok(error instanceof Unavailable, error);
            failures++;
          },
        );
        const read = await bytesOf(blobs.read(digest)).catch(() => undefined);
        if (read) assert.ok(same(read, bytes), 'whatever is read is whole');
      }
    }
  };
  await Promise.all([client(), client(), client(), client()]);
  assert.ok(failures > 0, 'some had to be finished again');
  faulty.heal();
  for (const digest of acknowledged) {
    const measured = await blobs.measure(digest as Digest);
    assert.equal(measured?.digest, digest);
  }
  const left = (await inside.leftIn(at)).filter((key) => !key.startsWith('parts of'));
  assert.deepEqual(left.sort(), [...acknowledged].sort());
  assert.deepEqual(await filesIn(opened.folder), []);
});

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
