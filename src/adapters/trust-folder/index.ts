/**
 * The trust folder of docker and notary, `~/.docker/trust`: private key files, verified
 * metadata and staged changes, in their formats, so that people keep their keys and can go back. It refuses to decide
 * anything: which key may sign and which metadata holds is decided in `client` and `tuf`.
 */
export { backUpKeys, restoreKeys } from './backup-keys.ts';
export { ChangeFolder } from './change-folder.ts';
export { changePassphrase } from './change-passphrase.ts';
export { folderError } from './errors.ts';
export { type FoundKey, findKey, findKeys } from './find-keys.ts';
export { importKey } from './keep-bundled.ts';
export { keptRepositories } from './kept-keys.ts';
export { parseKeyBundle, serializeKeyBundle } from './key-bundle.ts';
export { openKeyFile, parseKeyFile, pemBlocksOf, serializeKeyFile } from './key-file.ts';
export { KeyFolder } from './key-folder.ts';
export { MetadataFolder } from './metadata-folder.ts';
export { parsePem, serializePem } from './pem.ts';
export { listTrustFolder } from './read-file.ts';
export { unlockForeignKey } from './unlock-key.ts';
export { removeFile, writeNewFile } from './write-file.ts';
