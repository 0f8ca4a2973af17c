/**
 * An image from one registry to another, with everything attached to it: the platforms of an index,
 * its referrers, and the signatures, attestations and SBOMs that cosign keeps under tags.
 *
 * The source is a stranger. Everything it sends is compared with the digest and the size that it was
 * promised by before the destination may name it, and whatever could be without end has a limit. The
 * destination gets blobs first, then manifests, each after all it names, then what is attached, and
 * the tag last: whoever finds the tag finds all of it, whenever the copying was interrupted.
 *
 * It refuses to know how a registry is spoken to (ports.ts), who may copy, and who signed: which
 * digest a signed tag leads to is found out before, and signed for again after.
 */
export { type CopiedImage, type CopyRequest, copyImage } from './copy-image.ts';
export { copyError } from './errors.ts';
export type { BlobUpload, CopyDestination, CopySource, CopyWatch, SentManifest } from './ports.ts';
