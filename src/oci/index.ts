/**
 * What the OCI image and distribution specifications call things: repository names, tags,
 * references, media types, descriptors, manifests and indexes, parsed once at the edge from bytes
 * that a stranger sent. It refuses to know where anything is stored, who asks, and whether an
 * image is trusted; it only says what the bytes mean, and refuses bytes that can mean two things.
 */
export * from './descriptor.ts';
export { DigestedStream } from './digested-stream.ts';
export { ociError, ociErrors } from './errors.ts';
export { type LayerEntry, LayeredFilesystem } from './filesystem.ts';
export * from './image-config.ts';
export * from './image-reference.ts';
export * from './manifest.ts';
export * from './media-type.ts';
export * from './reference.ts';
export * from './referrers.ts';
export * from './repository-name.ts';
export { readTar, type TarEntry } from './tar.ts';
