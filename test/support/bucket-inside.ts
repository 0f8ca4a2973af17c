import {
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type { BucketPlace } from '../../src/adapters/blobs/s3/index.ts';
import { keysBelow } from '../../src/adapters/blobs/s3/keys.ts';
import type { Digest } from '../../src/base/index.ts';
import type { S3Server } from './s3-server.ts';

/** The bucket as it is behind a store's back. */
export class BucketInside {
  readonly #server: S3Server;

  constructor(server: S3Server) {
    this.#server = server;
  }

  /** Puts other bytes where those of a digest lie. */
  async overwrite({ prefix }: BucketPlace, digest: Digest, bytes: Uint8Array): Promise<void> {
    const where = { Bucket: this.#server.bucket, Key: keysBelow(prefix).blob(digest) };
    await this.#server.client.send(new PutObjectCommand({ ...where, Body: bytes }));
  }

  async objectAt(Key: string): Promise<Uint8Array> {
    const command = new GetObjectCommand({ Bucket: this.#server.bucket, Key });
    const { Body } = await this.#server.client.send(command);
    return new Uint8Array((await Body?.transformToByteArray()) ?? []);
  }

  /** Digests of blobs; of everything else, and of parts that became no object, the key. */
  async leftIn({ bucket, prefix }: BucketPlace): Promise<string[]> {
    const where = { Bucket: bucket, Prefix: prefix };
    const { client } = this.#server;
    const { Contents = [] } = await client.send(new ListObjectsV2Command(where));
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand(where));
    const blob = /blobs\/(sha256|sha512)\/..\/(.+)$/;
    return [
      ...Contents.map(({ Key = '' }) => blob.exec(Key)?.slice(1).join(':') ?? Key),
      ...Uploads.map(({ Key = '' }) => `parts of ${Key}`),
    ];
  }
}
