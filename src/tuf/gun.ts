import { tufError } from './errors.ts';

/**
 * Globally unique name of a repository with trust metadata: docker's are `HOST[:PORT]/repository`,
 * those of Notary's own users any text, as `MyCollection` or `Example.com/Acme/The App`. Only
 * {@link parseGun} makes one.
 *
 * A GUN is what its bytes are: capitals count, nothing is normalised, and nothing compares two in
 * another way. Its parts, between slashes, are what Notary's clients can publish under: not empty, not
 * `.` or `..`, and without `? # % *` and control characters. Beyond that are refused, since people or
 * programs would take such a name for another one: `\`, which URLs and some disks read as `/`; all that
 * cannot be seen: spaces around a part or in a row, other white space, characters without a shape; and a
 * `-` in front, where commands look for options.
 *
 * @see notary 0.7.0 server/server.go, routes for `[^*]+` of a tidied path; server/storage/sql_models.go,
 *      columns of 255 characters. What its client can and cannot do was tried
 */
export type Gun = string & { readonly __brand: 'Gun' };

const fits = /^.{1,255}$/su;
const unfit = /^-|[?#%*\\]|[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Cs}\p{DI}\u2800]|(?! )\p{Z}| {2}/u;

/**
 * @param text  a GUN as clients write it in a path: decoded, without a tag
 * @throws StoreError TUF_GUN_INVALID
 */
export function parseGun(text: string): Gun {
  if (!isGun(text)) throw tufError('TUF_GUN_INVALID', { text: text.slice(0, 255) });
  return text;
}

/** True when {@link parseGun} would accept the text. */
export function isGun(text: string): text is Gun {
  return fits.test(text) && !unfit.test(text) && text.split('/').every(isPart);
}

/** What stands before the first slash: host, with the port if the GUN has one; empty for one word. */
export function hostOfGun(gun: Gun): string {
  return gun.slice(0, Math.max(gun.indexOf('/'), 0));
}

/** What stands after the first slash, all of one word: the repository as the registry knows it. */
export function repositoryOfGun(gun: Gun): string {
  return gun.slice(gun.indexOf('/') + 1);
}

/**
 * A GUN, or a pattern of GUNs, with its host as rules know it. Other ways to write a host are the same
 * host: capitals, the port 443, zeros before a port, a dot at the end of the name.
 */
export function plainName(name: string): string {
  const [host = '', ...path] = name.split('/');
  const plain = host
    .toLowerCase()
    .replace(/:0+(?=\d+$)/, ':')
    .replace(/:443$/, '')
    .replace(/\.(?=(:\d+)?$)/, '');
  return [plain, ...path].join('/');
}

function isPart(part: string): boolean {
  return part !== '' && part !== '.' && part !== '..' && part.trim() === part;
}
