import { fromUtf8 } from '../base/index.ts';
import { ociError } from './errors.ts';

const longestPath = 4096;

/**
 * The path of an entry, relative to the root of the image: components with one slash between them,
 * neither `.` nor `..`. The root itself is the empty text.
 *
 * @param name  Latin-1, one character per byte
 * @throws StoreError OCI_TAR_PATH_TRAVERSAL for absolute paths, `..`, and names no system can have
 */
export function parseTarPath(name: string): string {
  const text = decoded(name);
  const isUsable = text !== '' && !text.startsWith('/') && text.length <= longestPath;
  if (!isUsable || text.includes('\0')) throw traversal(text);
  return componentsOf(text);
}

/**
 * The target of a hard link: a path like any other, but that a leading slash means the root of the
 * image, as it does to whoever unpacks it.
 * @throws StoreError OCI_TAR_PATH_TRAVERSAL
 */
export function parseHardLinkTarget(name: string): string {
  const text = decoded(name);
  if (text === '' || text.length > longestPath) throw traversal(text);
  return componentsOf(text);
}

/** The target of a symbolic link, as written: nobody follows it but inside the image. */
export function parseSymlinkTarget(name: string): string {
  const text = decoded(name);
  if (text.length > longestPath) throw traversal(text);
  return text;
}

function componentsOf(text: string): string {
  if (!/(^|\/)\.{0,2}(\/|$)/.test(text)) return text;
  const components = text.split('/').filter((part) => part !== '' && part !== '.');
  if (components.includes('..')) throw traversal(text);
  return components.join('/');
}

/** UTF-8 where it is; other bytes stay one character each, so that two names never become one. */
function decoded(name: string): string {
  if (isAscii(name)) return name;
  try {
    return fromUtf8(Buffer.from(name, 'latin1'));
  } catch {
    return name;
  }
}

function isAscii(name: string): boolean {
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) > 0x7f) return false;
  return true;
}

function traversal(path: string) {
  return ociError('OCI_TAR_PATH_TRAVERSAL', {
    path: JSON.stringify(path.slice(0, 200)).slice(1, -1),
  });
}
