import {
  base64Length,
  countOf,
  fromBase64,
  type Json,
  type JsonMembers,
  membersOf,
  optional,
  ownMember,
  stringOf,
} from '../base/index.ts';
import { malformed } from './errors.ts';
import type { FileMeta, Targets } from './metadata.ts';

const hashLengths = new Map([
  ['sha256', 32],
  ['sha512', 64],
]);

/**
 * Reads the files that a snapshot or a timestamp lists.
 * @throws StoreError TUF_MALFORMED, JSON_SHAPE
 */
export function readFiles(json: Json, path: string): ReadonlyMap<string, FileMeta> {
  return filesIn(requireFiles(json, path));
}

/**
 * Reads what is said of one file: `{"length":..,"hashes":{..},"custom":..}`.
 * @throws StoreError TUF_MALFORMED, JSON_SHAPE
 */
export function parseFileMeta(json: Json, path: string): FileMeta {
  return readFiles({ [path]: json }, path).get(path) as FileMeta;
}

/**
 * Checks the files that are listed, and reads none.
 * @param path  the member that lists them, for errors
 * @returns the list itself
 * @throws StoreError TUF_MALFORMED, JSON_SHAPE
 */
export function requireFiles(json: Json, path: string): JsonMembers {
  const [lengthPath, hashesPath] = [`${path}.length`, `${path}.hashes`];
  const files = membersOf(json, path);
  for (const name of Object.keys(files)) {
    const file = membersOf(files[name], path);
    countOf(ownMember(file, 'length'), lengthPath);
    const hashes = optional(membersOf, ownMember(file, 'hashes'), hashesPath) ?? {};
    for (const algorithm of Object.keys(hashes)) {
      const length = base64Length(stringOf(hashes[algorithm], hashesPath));
      if (length === undefined || length !== (hashLengths.get(algorithm) ?? length)) {
        throw malformed(`a ${algorithm.slice(0, 40)} in its ${path} is not one`);
      }
    }
  }
  return files;
}

/**
 * A role whose targets are read when they are asked for: whoever publishes or passes on a role with
 * 50,000 of them asks for none.
 *
 * @param list  what {@link requireFiles} accepted, or would; called at most once
 */
export function withTargetsLater(role: Omit<Targets, 'targets'>, list: () => JsonMembers): Targets {
  let unread: (() => JsonMembers) | undefined = list;
  let files: ReadonlyMap<string, FileMeta> = new Map();
  return {
    ...role,
    get targets() {
      if (unread) files = filesIn(unread());
      unread = undefined;
      return files;
    },
  };
}

/** The files of a list that {@link requireFiles} has accepted; the casts say no more than it. */
function filesIn(members: JsonMembers): ReadonlyMap<string, FileMeta> {
  const files = new Map<string, FileMeta>();
  for (const name of Object.keys(members)) {
    const file = members[name] as JsonMembers;
    const texts = (ownMember(file, 'hashes') ?? {}) as { readonly [algorithm: string]: string };
    const hashes = new Map<string, Uint8Array>();
    for (const algorithm of Object.keys(texts)) {
      hashes.set(algorithm, fromBase64(texts[algorithm] as string) as Uint8Array);
    }
    const sizeBytes = ownMember(file, 'length') as number;
    const custom = ownMember(file, 'custom') ?? null;
    files.set(name, custom === null ? { sizeBytes, hashes } : { sizeBytes, hashes, custom });
  }
  return files;
}
