/**
 * The trust folder of docker and notary, `~/.docker/trust`: private key files and verified
 * metadata, in their formats, so that people keep their keys and can go back. It refuses to decide
 * anything: which key may sign and which metadata holds is decided in `client` and `tuf`.
 */
export { folderError, folderErrors } from './errors.ts';
export { type KeyFile, openKeyFile, parseKeyFile, serializeKeyFile } from './key-file.ts';
export { KeyFolder } from './key-folder.ts';
export { MetadataFolder } from './metadata-folder.ts';
export { type PemBlock, parsePem, serializePem } from './pem.ts';
export { listTrustFolder } from './read-file.ts';
