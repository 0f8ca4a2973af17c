/** A package that an image holds: one row of its bill of materials. */
export interface Package {
  readonly kind: 'deb' | 'apk' | 'npm';
  readonly name: string;
  readonly version: string;
  /** The source it was built from, which is what distributions' advisories speak of. */
  readonly source: { readonly name: string; readonly version: string };
}

/**
 * A package list that was read. What could not be understood is counted, never passed over in
 * silence: a package that nobody reads is one that nobody checks.
 */
export interface PackageList {
  readonly packages: readonly Package[];
  readonly unreadable: number;
}

/** Longest name or version that is taken for one. */
const longest = 256;

/** True for what can be a package's name or version: some text, no blanks, not too long. */
export function isPackageWord(text: string | undefined): text is string {
  return text !== undefined && text.length > 0 && text.length <= longest && !/\s/.test(text);
}
