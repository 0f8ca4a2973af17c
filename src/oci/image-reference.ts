import { type Digest, isDigest } from '../base/index.ts';
import { ociError } from './errors.ts';
import { isTag, parseTag, type Tag } from './reference.ts';
import { isRepositoryName, type RepositoryName } from './repository-name.ts';

const hubHost = 'docker.io';
const hubNamespace = 'library/';
const limitCharacters = 1024;
const label = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?';
const hostPattern = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[A-Fa-f0-9:]+\\])(?::[0-9]+)?$`);

/** What `docker pull` takes: a repository on a host, with a tag, a digest, both or neither. */
export interface ImageReference {
  /** `registry.example:5443`, `docker.io`, `[::1]:5000`. */
  readonly host: string;
  readonly repository: RepositoryName;
  readonly tag: Tag | undefined;
  readonly digest: Digest | undefined;
}

/**
 * Reads `[HOST[:PORT]/]REPOSITORY[:TAG][@DIGEST]` as docker does: the first component is a host
 * when it has a dot, a colon or a capital, or is `localhost`; otherwise the host is docker.io, and
 * a repository of one component there lies under `library/`. No tag is made up: see {@link withDefaultTag}.
 *
 * @throws StoreError OCI_IMAGE_REFERENCE_INVALID
 * @see distribution/reference 0.6, normalize.go ParseNormalizedNamed
 */
export function parseImageReference(text: string): ImageReference {
  const refuse = (reason: string) =>
    ociError('OCI_IMAGE_REFERENCE_INVALID', { text: text.slice(0, 200), reason });
  if (text.length > limitCharacters) throw refuse('it is too long');
  if (/^[a-f0-9]{64}$/.test(text)) throw refuse('64 hex digits are an image id, not a name');

  const [beforeDigest, digest] = splitOnce(text, text.indexOf('@'));
  if (digest !== undefined && !isDigest(digest)) {
    throw refuse('after @ there must be sha256: and 64 lowercase hex digits');
  }
  const colon = beforeDigest.lastIndexOf(':');
  const [name, tag] = splitOnce(beforeDigest, colon > beforeDigest.lastIndexOf('/') ? colon : -1);
  if (tag !== undefined && !isTag(tag)) throw refuse(`"${tag.slice(0, 50)}" is not a tag`);

  const { host, path } = splitHost(name);
  if (!hostPattern.test(host)) throw refuse(`"${host.slice(0, 100)}" is not a host`);
  if (!isRepositoryName(path)) {
    throw refuse(
      path === path.toLowerCase()
        ? 'its repository name is not valid'
        : 'a repository name must be lowercase',
    );
  }
  return { host, repository: path, tag, digest };
}

/** The full form, `docker.io/library/alpine:3.20@sha256:...`, which parses back to the same. */
export function formatImageReference(image: ImageReference): string {
  return `${image.host}/${image.repository}${suffixOf(image)}`;
}

/** The short form that docker prints: without `docker.io/` and `library/`. */
export function familiarImageReference(image: ImageReference): string {
  if (image.host !== hubHost) return formatImageReference(image);
  const repository = image.repository;
  const rest = repository.slice(hubNamespace.length);
  const short = repository.startsWith(hubNamespace) && !rest.includes('/') ? rest : repository;
  return `${short}${suffixOf(image)}`;
}

/** The same reference; `latest` where it has neither tag nor digest. */
export function withDefaultTag(image: ImageReference): ImageReference {
  return image.tag || image.digest ? image : { ...image, tag: parseTag('latest') };
}

function suffixOf(image: ImageReference): string {
  return `${image.tag ? `:${image.tag}` : ''}${image.digest ? `@${image.digest}` : ''}`;
}

/** Where docker takes a name apart, whether or not the parts are any. */
export function splitHost(name: string): { readonly host: string; readonly path: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isHost =
    slash >= 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  const host = isHost ? first : hubHost;
  const path = isHost ? name.slice(slash + 1) : name;
  if (host !== hubHost && host !== 'index.docker.io') return { host, path };
  return { host: hubHost, path: path.includes('/') ? path : `${hubNamespace}${path}` };
}

function splitOnce(text: string, at: number): [string, string | undefined] {
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
