/**
 * Blobs on the filesystem. It knows files, fsync and free space; it refuses to know repositories,
 * HTTP and what the bytes are. Blobs in a bucket are a folder apart, s3/.
 */
export { openFilesystemBlobs } from './filesystem-blobs.ts';
export { ScrubbedFiles } from './scrubbed-files.ts';
