import {
  type PackageList,
  parseApkInstalled,
  parseDpkgStatus,
  parseOsRelease,
  parsePackageJson,
  parsePackageLock,
} from '../../findings/index.ts';

/** What the review keeps of the content of a file; everything else is forgotten as it passes. */
export type Extract =
  | { readonly what: 'packages'; readonly list: PackageList }
  | { readonly what: 'system'; readonly values: ReadonlyMap<string, string> }
  /** Numeric ids by user name. */
  | { readonly what: 'users'; readonly ids: ReadonlyMap<string, number> }
  | { readonly what: 'too large'; readonly limitBytes: number };

interface Wanted {
  readonly path: RegExp;
  readonly limitBytes: number;
  read(bytes: Uint8Array): Extract;
}

const mebibyte = 1024 * 1024;

const wanted: readonly Wanted[] = [
  { path: /^(etc|usr\/lib)\/os-release$/, limitBytes: mebibyte, read: system },
  { path: /^etc\/passwd$/, limitBytes: mebibyte, read: users },
  { path: /^var\/lib\/dpkg\/status$/, limitBytes: 32 * mebibyte, read: packages(parseDpkgStatus) },
  {
    path: /^var\/lib\/dpkg\/status\.d\/(?!.*\.md5sums$)[^/]+$/,
    limitBytes: mebibyte,
    read: packages(parseDpkgStatus),
  },
  {
    path: /^(usr\/)?lib\/apk\/db\/installed$/,
    limitBytes: 32 * mebibyte,
    read: packages(parseApkInstalled),
  },
  {
    path: /(^|\/)node_modules\/(@[^/]+\/)?[^/@][^/]*\/package\.json$/,
    limitBytes: mebibyte,
    read: packages(parsePackageJson),
  },
  {
    path: /(^|\/)(package-lock|npm-shrinkwrap|node_modules\/\.package-lock)\.json$/,
    limitBytes: 16 * mebibyte,
    read: packages(parsePackageLock),
  },
];

/** How the content of a path is read, or undefined when nobody needs it. */
export function wantedAt(path: string): Wanted | undefined {
  return wanted.find((one) => one.path.test(path));
}

function packages(parse: (bytes: Uint8Array) => PackageList): (bytes: Uint8Array) => Extract {
  return (bytes) => ({ what: 'packages', list: parse(bytes) });
}

function system(bytes: Uint8Array): Extract {
  return { what: 'system', values: parseOsRelease(bytes) };
}

/** @see passwd(5): name, password, user id */
function users(bytes: Uint8Array): Extract {
  const ids = new Map<string, number>();
  for (const line of new TextDecoder().decode(bytes).split('\n')) {
    const [name, , id] = line.split(':');
    if (name && id && /^\d+$/.test(id) && !ids.has(name)) ids.set(name, Number(id));
  }
  return { what: 'users', ids };
}
