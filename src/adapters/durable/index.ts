/**
 * What the disk has to keep through a crash: names in a folder, lines that are added to a file, and a
 * file's content that takes the place of another. It knows nothing of what the files are for.
 */
export { appendLine } from './append-line.ts';
export { makeFolders } from './make-folders.ts';
export { replaceFile } from './replace-file.ts';
export { syncFolder } from './sync-folder.ts';
