import { S3Client } from '@aws-sdk/client-s3';

/** Where a bucket is. Everything here may be printed. */
export interface BucketPlace {
  readonly bucket: string;
  /** What the keys of a store begin with: empty, or with a slash at the end. */
  readonly prefix: string;
  /** Undefined: what the environment of AWS's tools says. */
  readonly region: string | undefined;
  /** Of a server that is not Amazon's; the bucket is then part of the path. */
  readonly endpoint: string | undefined;
  /** Where readers are sent for the bytes of a blob; undefined: nowhere, the store sends them. */
  readonly redirect:
    | {
        /** How long a URL is good for. */
        readonly lifetimeSeconds: number;
        /** The endpoint as readers reach it, where that is another. */
        readonly endpoint: string | undefined;
      }
    | undefined;
}

const connectWithinMs = 5_000;
/** How long a connection may be silent, in either direction; the SDK then tries again, twice. */
const defaultIdleMs = 20_000;
const mostConnections = 256;

/** What a client is not told by the place it is for. */
export interface ClientOptions {
  readonly idleMs?: number | undefined;
  readonly credentials?: S3Client['config']['credentials'];
}

/**
 * Credentials are found where AWS's own tools look for them (environment, files, the machine's role),
 * unless they are given.
 */
export function clientOf(
  { region, endpoint }: BucketPlace,
  { idleMs = defaultIdleMs, credentials }: ClientOptions = {},
): S3Client {
  return new S3Client({
    ...(region && { region }),
    ...(credentials && { credentials }),
    ...(endpoint && { endpoint, forcePathStyle: true }),
    // Every body is signed with its SHA-256, which each server checks; not all know newer checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: connectWithinMs,
      socketTimeout: idleMs,
      httpAgent: { keepAlive: true, maxSockets: mostConnections },
      httpsAgent: { keepAlive: true, maxSockets: mostConnections },
    },
  });
}
