/**
 * What another Notary left, read for an import: its HTTP API, dumps of its databases or the live
 * ones, the signer's encrypted keys, a trust folder. It only reads, within limits; whether the
 * metadata deserves trust and what is written is decided in `trust/import`.
 */
export { DatabaseSource } from './database-source.ts';
export { notaryImportError } from './errors.ts';
export { FolderSource } from './folder-source.ts';
export { LiveDatabase } from './live-database.ts';
export { readServerDump, readSignerDump } from './read-dump.ts';
export { RowShelf } from './row-shelf.ts';
export { ServerSource } from './server-source.ts';
export { openEverySignerKey } from './signer-keys.ts';
