import { parseImageReference } from '../../oci/index.ts';
import type { DockerTrustWorld } from '../docker-ports.ts';
import type { Flags } from '../docker-trust/parse-flags.ts';
import { refusal } from '../docker-trust/texts.ts';
import { unenforceable } from '../dockerfile/unenforceable.ts';
import { trustedImage } from './trusted-image.ts';

const imageScheme = 'docker-image://';

/**
 * Named contexts of a build, images among them by digest.
 * @param given  `NAME=VALUE` each
 * @returns      values by name
 * @throws StoreError CLI_UNENFORCEABLE, CLI_DOCKER_TRUST
 */
export async function pinnedContexts(
  docker: DockerTrustWorld,
  given: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const contexts = new Map<string, string>();
  for (const each of given) {
    const at = each.indexOf('=');
    if (at <= 0) throw refusal(`invalid context value: ${each}, expected key=value`);
    contexts.set(each.slice(0, at), await pinnedContext(docker, each.slice(at + 1)));
  }
  return contexts;
}

/** What a named context is: an image is named by digest, anything else stays. */
export async function pinnedContext(docker: DockerTrustWorld, value: string): Promise<string> {
  if (!/^docker-image:/i.test(value)) return value;
  if (!value.startsWith(imageScheme)) throw unenforceable(`${value} is no image's name`);
  const name = value.slice(imageScheme.length);
  if (name === 'scratch') return value;
  const image = await trustedImage(docker, name);
  return image ? `${imageScheme}${image.pinned}` : value;
}

/**
 * Refuses other ways for a registry to have its say in a build by BuildKit.
 * @throws StoreError CLI_UNENFORCEABLE
 */
export function refuseForeignSources(flags: Flags): void {
  for (const each of flags.list('cache-from')) refuseForeignCache(each);
  for (const each of flags.list('build-arg')) {
    const [name, ...value] = each.split('=');
    if (name !== 'BUILDKIT_SYNTAX' || isDigest(value.join('='))) continue;
    throw unenforceable('BUILDKIT_SYNTAX names an image; name it by digest, or leave it out');
  }
}

/**
 * @param source  of `--cache-from`: a name, or fields with a type
 * @see docker/buildx, util/buildflags/cache.go UnmarshalText: names of fields in any case, the last of a name counts
 */
export function refuseForeignCache(source: string): void {
  const isNamed = !source.includes('=');
  const fields = isNamed
    ? new Map([
        ['type', 'registry'],
        ['ref', source],
      ])
    : fieldsOf(source);
  const [type, ref = ''] = [fields.get('type'), fields.get('ref')];
  // What is quoted, buildx takes apart otherwise than this does.
  const isRead = !/["\r\n]/.test(source);
  // GitHub's is the one of the machine that builds, unless it is told another.
  const isElsewhere = [...fields.keys()].some((name) => name.trim().startsWith('url'));
  const isOurs = type === 'local' || type === 'inline' || (type === 'gha' && !isElsewhere);
  if (isRead && (isOurs || (type === 'registry' && isDigest(ref)))) return;
  throw unenforceable(
    `a build cache (${source}) is signed by nobody, and what it holds becomes part of the image; name it by digest, or leave it out`,
  );
}

function fieldsOf(source: string): Map<string, string> {
  return new Map(
    source.split(',').map((each) => {
      const at = each.indexOf('=');
      return [each.slice(0, at).toLowerCase(), each.slice(at + 1)];
    }),
  );
}

function isDigest(name: string): boolean {
  try {
    return parseImageReference(name).digest !== undefined;
  } catch {
    return false;
  }
}
