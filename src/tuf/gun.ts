import { tufError } from './errors.ts';

/**
 * Globally unique name of a repository with trust metadata, at most 255 characters: docker's are
 * `HOST[:PORT]/repository`, those of Notary's own users also one word, as `example`. Only
 * {@link parseGun} makes one.
 */
export type Gun = string & { readonly __brand: 'Gun' };

const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const host = `(?:${label}(?:\\.${label})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?`;
const component = '[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*';
const pattern = new RegExp(`^(?:${host}(?:/${component})+|${component})$`);
const longest = 255;

/**
 * @param text  a GUN as clients write it in a path: decoded, without a tag
 * @throws StoreError TUF_GUN_INVALID
 * @see docker/distribution reference/regexp.go, whose names docker uses as GUNs
 */
export function parseGun(text: string): Gun {
  if (!isGun(text)) throw tufError('TUF_GUN_INVALID', { text: text.slice(0, longest) });
  return text;
}

/** True when {@link parseGun} would accept the text. */
export function isGun(text: string): text is Gun {
  return text.length <= longest && pattern.test(text);
}

/** What stands before the first slash: host, with the port if the GUN has one; empty for one word. */
export function hostOfGun(gun: Gun): string {
  return gun.slice(0, Math.max(gun.indexOf('/'), 0));
}

/** What stands after the first slash, all of one word: the repository as the registry knows it. */
export function repositoryOfGun(gun: Gun): string {
  return gun.slice(gun.indexOf('/') + 1);
}
