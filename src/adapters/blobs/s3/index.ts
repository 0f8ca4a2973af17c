/**
 * Blobs in a bucket of S3 or a server that speaks its protocol. It knows requests, parts and what they
 * leave when they fail; it refuses to know repositories, HTTP towards clients and what the bytes are.
 * Loading it loads the SDK: only a store that has a bucket does.
 */
export type { BucketPlace } from './client.ts';
export { openS3Blobs, S3Blobs } from './s3-blobs.ts';
export { openScrubbedObjects, ScrubbedObjects } from './scrubbed-objects.ts';
