import { ociError } from './errors.ts';

const component = '[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*';
const pattern = new RegExp(`^${component}(?:/${component})*$`);
const limitCharacters = 255;

/** A repository without its host, `acme/app`. Only {@link parseRepositoryName} makes one. */
export type RepositoryName = string & { readonly __brand: 'RepositoryName' };

/**
 * @throws StoreError OCI_REPOSITORY_INVALID
 * @see OCI distribution-spec 1.1, "Pulling manifests" (`<name>`); the limit is docker's
 */
export function parseRepositoryName(text: string): RepositoryName {
  if (!isRepositoryName(text))
    throw ociError('OCI_REPOSITORY_INVALID', { text: text.slice(0, 100) });
  return text;
}

/** True when {@link parseRepositoryName} would accept the text. */
export function isRepositoryName(text: string): text is RepositoryName {
  return text.length <= limitCharacters && pattern.test(text);
}
