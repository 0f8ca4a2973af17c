import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { ByteRange } from '../../../registry/index.ts';
import { answered, outage, there } from './answers.ts';
import { type BucketPlace, type ClientOptions, clientOf } from './client.ts';

/** An object as a list or a HEAD tells of it. */
export interface StoredObject {
  readonly sizeBytes: number;
  /** Another one for each content. */
  readonly etag: string;
  /** The last instant at which it can have been written, by the clock there: it tells seconds. */
  readonly writtenAt: Date;
  /** What {@link Bucket.put} or {@link Bucket.beginParts} was told. */
  readonly writer: string | undefined;
}

/** An object of which some bytes were asked for. */
export interface OpenObject extends StoredObject {
  readonly bytes: Readable;
}

/** An object that comes in parts; nobody sees any of it before it is complete. */
export interface Parts {
  readonly key: string;
  readonly id: string;
}

export type Part = CompletedPart;

/**
 * The requests to a bucket that blobs need, each of which the SDK repeats when it may be repeated. What
 * still fails is {@link Unavailable}: nothing is known then. Only a server that says "not found" is
 * believed that there is nothing.
 */
export class Bucket {
  readonly #client: S3Client;
  readonly #name: string;
  readonly #links: { readonly client: S3Client; readonly lifetimeSeconds: number } | undefined;

  private constructor(place: BucketPlace, options: ClientOptions) {
    const { bucket, redirect } = place;
    this.#client = clientOf(place, options);
    const { credentials } = this.#client.config;
    this.#name = bucket;
    this.#links = redirect && {
      client: redirect.endpoint
        ? // It asks nobody: it signs, with what the other has found.
          clientOf({ ...place, endpoint: redirect.endpoint }, { credentials })
        : this.#client,
      lifetimeSeconds: redirect.lifetimeSeconds,
    };
  }

  /** @throws Unavailable when the bucket is not there or may not be used */
  static async open(place: BucketPlace, options: ClientOptions = {}): Promise<Bucket> {
    const bucket = new Bucket(place, options);
    try {
      const command = new HeadBucketCommand({ Bucket: place.bucket });
      await answered(bucket.#client.send(command));
      return bucket;
    } catch (error) {
      bucket.close();
      throw error;
    }
  }

  close(): void {
    this.#client.destroy();
    this.#links?.client.destroy();
  }

  /** A URL by which anybody may read an object for a while; undefined where nobody is sent there. */
  async link(key: string): Promise<string | undefined> {
    if (!this.#links) return undefined;
    const { client, lifetimeSeconds: expiresIn } = this.#links;
    return await answered(
      getSignedUrl(client, new GetObjectCommand(this.#object(key)), { expiresIn }),
    );
  }

  async head(key: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
    const command = new HeadObjectCommand(this.#object(key));
    const found = await there(this.#client.send(command, endedBy(signal)));
    return found && { ...told(found), sizeBytes: found.ContentLength ?? 0 };
  }

  /**
   * Opens an object or a part of it.
   * @param etag  only if it is still this one
   * @returns     undefined when it is not there, is another one, or has no such part
   */
  async get(key: string, range?: ByteRange, etag?: string): Promise<OpenObject | undefined> {
    const command = new GetObjectCommand({
      ...this.#object(key),
      Range: range && `bytes=${range.start}-${range.end}`,
      IfMatch: etag,
    });
    const found = await there(this.#client.send(command));
    if (!found) return undefined;
    const { Body: bytes, ContentRange: part, ContentLength: length } = found;
    if (!(bytes instanceof Readable)) throw outage(new Error('an object came without a body'));
    const isWhole = part === undefined && range?.start === 0 && length === range.end + 1;
    // Else bytes of another place would be taken for these, by whoever goes on with a pull.
    if (range && !isWhole && !part?.startsWith(`bytes ${range.start}-${range.end}/`)) {
      bytes.destroy();
      throw outage(new Error(`another part of an object came than was asked for: ${part}`));
    }
    return { ...told(found), sizeBytes: Number(part?.split('/')[1] ?? length), bytes };
  }

  async put(key: string, bytes: Uint8Array, writer: string): Promise<void> {
    const command = new PutObjectCommand({ ...this.#written(key, writer), Body: bytes });
    await answered(this.#client.send(command));
  }

  async beginParts(key: string, writer: string): Promise<Parts> {
    const command = new CreateMultipartUploadCommand(this.#written(key, writer));
    const { UploadId: id } = await answered(this.#client.send(command));
    if (!id) throw outage(new Error('a multipart upload was begun that has no name'));
    return { key, id };
  }

  /** @param number  from 1 */
  async putPart(parts: Parts, number: number, bytes: Uint8Array): Promise<Part> {
    const command = new UploadPartCommand({ ...this.#part(parts, number), Body: bytes });
    const { ETag } = await answered(this.#client.send(command));
    return { PartNumber: number, ETag };
  }

  /** Makes the object of its parts, in the order of their numbers, at once or not at all. */
  async complete(parts: Parts, all: readonly Part[]): Promise<void> {
    const command = new CompleteMultipartUploadCommand({
      ...this.#parts(parts),
      MultipartUpload: { Parts: [...all] },
    });
    await answered(this.#client.send(command));
  }

  /** Forgets parts that did not become an object. */
  async abort(parts: Parts): Promise<void> {
    await there(this.#client.send(new AbortMultipartUploadCommand(this.#parts(parts))));
  }

  /**
   * Copies an object inside the bucket; up to 5 GiB at once.
   * @returns whether it still was this one
   */
  async copy(from: string, to: string, { etag }: StoredObject): Promise<boolean> {
    const command = new CopyObjectCommand({
      ...this.#object(to),
      CopySource: this.#source(from),
      CopySourceIfMatch: etag,
    });
    return (await there(this.#client.send(command))) !== undefined;
  }

  /**
   * Makes a part of a stretch of an object.
   * @returns undefined when that is not this one any more
   */
  async copyPart(
    parts: Parts,
    number: number,
    from: string,
    { etag }: StoredObject,
    { start, end }: ByteRange,
  ): Promise<Part | undefined> {
    const command = new UploadPartCopyCommand({
      ...this.#part(parts, number),
      CopySource: this.#source(from),
      CopySourceIfMatch: etag,
      CopySourceRange: `bytes=${start}-${end}`,
    });
    const copied = await there(this.#client.send(command));
    return copied && { PartNumber: number, ETag: copied.CopyPartResult?.ETag };
  }

  /** Removes an object, or finds none. */
  async remove(key: string, signal?: AbortSignal): Promise<void> {
    const command = new DeleteObjectCommand(this.#object(key));
    await there(this.#client.send(command, endedBy(signal)));
  }

  /** All objects whose keys begin so, some at a time. */
  async *list(
    prefix: string,
  ): AsyncGenerator<readonly (Omit<StoredObject, 'writer'> & { readonly key: string })[]> {
    let after: string | undefined;
    do {
      const command = new ListObjectsV2Command({
        ...{ Bucket: this.#name, Prefix: prefix, ContinuationToken: after },
      });
      const page = await answered(this.#client.send(command));
      yield (page.Contents ?? []).map((object) => ({
        ...told(object),
        sizeBytes: object.Size ?? 0,
        key: object.Key ?? '',
      }));
      after = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (after !== undefined);
  }

  /** Parts below a prefix that became no object, of before this instant. */
  async *unfinished(prefix: string, before: Date): AsyncGenerator<Parts> {
    let after: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | undefined =
      {};
    while (after) {
      const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({
        ...{ Bucket: this.#name, Prefix: prefix, ...after },
      });
      const page = await answered(this.#client.send(command));
      for (const { Key: key, UploadId: id, Initiated: begunAt } of page.Uploads ?? []) {
        if (key && id && begunAt && begunAt < before) yield { key, id };
      }
      const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
      after = page.IsTruncated && KeyMarker ? { KeyMarker, UploadIdMarker } : undefined;
    }
  }

  #object(key: string) {
    return { Bucket: this.#name, Key: key };
  }

  #written(key: string, writer: string) {
    const type = 'application/octet-stream';
    return { ...this.#object(key), ContentType: type, Metadata: { writer } };
  }

  #parts({ key, id }: Parts) {
    return { ...this.#object(key), UploadId: id };
  }

  #part(parts: Parts, number: number) {
    return { ...this.#parts(parts), PartNumber: number };
  }

  #source(key: string): string {
    return `${this.#name}/${key}`;
  }
}

function endedBy(signal: AbortSignal | undefined) {
  return signal ? { abortSignal: signal } : {};
}

function told(object: {
  readonly ETag?: string | undefined;
  readonly LastModified?: Date | undefined;
  readonly Metadata?: Record<string, string> | undefined;
}) {
  const { ETag: etag = '', LastModified: at, Metadata: notes } = object;
  // Who does not say when is taken for young: then nothing is removed.
  const writtenAt = new Date((at?.getTime() ?? Date.now()) + 999);
  return { etag, writtenAt, writer: notes?.writer };
}
