import type { Gun, RoleName } from '../tuf/index.ts';

/** Which file of a role of a GUN is read. */
export interface FileQuestion {
  /** The same for equal questions, and for no others. */
  readonly name: string;
  readonly gun: Gun;
  readonly role: RoleName;
  /** The file with this hash; with neither of the two the current one. */
  readonly sha256: string | undefined;
  /** The file with this version. */
  readonly version: number | undefined;
}

/** @param which  the file's version or sha256; without either the current one */
export function fileQuestion(
  gun: Gun,
  role: RoleName,
  which: { readonly sha256?: string; readonly version?: number } = {},
): FileQuestion {
  const { sha256, version } = which;
  // Neither a GUN nor a role has a space in it.
  return { name: `${sha256 ?? version ?? ''} ${role} ${gun}`, gun, role, sha256, version };
}
