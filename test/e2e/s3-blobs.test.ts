/** Blobs in a bucket of a real server of S3's protocol, also when the way there is bad. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import {
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { type BucketPlace, openS3Blobs } from '../../src/adapters/blobs/s3/index.ts';
import { keysBelow } from '../../src/adapters/blobs/s3/keys.ts';
import { blobStoreContract } from '../contract/blob-store.ts';
import { S3Server, s3Credentials } from '../support/s3-server.ts';

const uploadLimit = 3;
let server: S3Server;
before(async () => {
  process.env.AWS_ACCESS_KEY_ID = s3Credentials.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = s3Credentials.secretAccessKey;
  server = await S3Server.start();
});
after(() => server?.[Symbol.asyncDispose]());

let made = 0;
/** Each test has a prefix of its own in the one bucket. */
function place(endpoint = server.endpoint): BucketPlace {
  const prefix = `${++made}/`;
  return { bucket: server.bucket, prefix, region: 'us-east-1', endpoint, redirect: undefined };
}

blobStoreContract('S3', async () => {
  const at = place();
  const folder = await mkdtemp(join(tmpdir(), 'cm-blobs-'));
  const opened = [await openS3Blobs(at, folder, uploadLimit)];
  const [blobs] = opened as [(typeof opened)[0]];
  return {
    blobs,
    reopen: async () => {
      const again = await openS3Blobs(at, folder, uploadLimit);
      opened.push(again);
      return again;
    },
    damage: async (digest, bytes) => {
      const Key = keysBelow(at.prefix).blob(digest);
      await server.client.send(new PutObjectCommand({ Bucket: server.bucket, Key, Body: bytes }));
    },
    leavings: async () => [...(await leftIn(at)), ...(await filesIn(folder))],
    close: async () => {
      for (const one of opened) one[Symbol.dispose]();
      await rm(folder, { recursive: true });
    },
  };
});

/** Digests of blobs; of everything else, and of parts that became no object, the key. */
async function leftIn({ bucket, prefix }: BucketPlace): Promise<string[]> {
  const where = { Bucket: bucket, Prefix: prefix };
  const { Contents = [] } = await server.client.send(new ListObjectsV2Command(where));
  const { Uploads = [] } = await server.client.send(new ListMultipartUploadsCommand(where));
  const blob = /blobs\/(sha256|sha512)\/..\/(.+)$/;
  return [
    ...Contents.map(({ Key = '' }) => blob.exec(Key)?.slice(1).join(':') ?? Key),
    ...Uploads.map(({ Key = '' }) => `parts of ${Key}`),
  ];
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}
