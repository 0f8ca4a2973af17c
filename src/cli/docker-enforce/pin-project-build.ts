import { isAbsolute, join } from 'node:path';
import { pinDockerfile } from '../dockerfile/pin-dockerfile.ts';
import { unenforceable } from '../dockerfile/unenforceable.ts';
import type { CliWorld } from '../ports.ts';
import { pinnedContext, refuseForeignCache } from './build-sources.ts';
import type { ProjectRequest } from './pin-project.ts';
import type { Path, ProjectEdits } from './project-edits.ts';
import { buildKeys } from './project-keys.ts';
import { type Node, node, plain, refuseUnknown, word } from './project-nodes.ts';
import { readDockerfile } from './read-dockerfile.ts';
import { trustedImage } from './trusted-image.ts';

/**
 * The `build` of a service, with a Dockerfile that names images by digest in place of its own.
 *
 * @param service  its path
 * @throws StoreError CLI_UNENFORCEABLE, and what reading the Dockerfile and looking an image up throw
 */
export async function pinProjectBuild(
  value: unknown,
  service: Path,
  edits: ProjectEdits,
  request: ProjectRequest,
): Promise<void> {
  const { docker, world } = request;
  const at = [...service, 'build'];
  const build =
    typeof value === 'string' ? new Map([['context', value]]) : node(value, at.join('.'));
  refuseUnknown(build, buildKeys, at.join('.'));
  const builder = await request.builder();
  const context = word(build, 'context', at) ?? '.';
  const args = new Map([...pairs(build.get('args'), [...at, 'args'], world), ...request.buildArgs]);
  if (builder === 'buildkit') refuseForeign(build, args, at);
  const contexts = await pinContexts(build, at, edits, request);
  const found = await dockerfileOf(build, context, at, world);
  const { text } = await pinDockerfile(found.text, {
    builder,
    args: (name) => args.get(name),
    contexts,
    resolve: (name) => trustedImage(docker, name),
  });
  const own = `${edits.files.size}.Dockerfile`;
  edits.files.set(own, text);
  for (const [ending, bytes] of found.beside) edits.files.set(`${own}${ending}`, bytes);
  if (typeof value === 'string') {
    edits.set(at, undefined);
    edits.set([...at, 'context'], value);
  }
  if (build.has('dockerfile_inline')) edits.set([...at, 'dockerfile_inline'], undefined);
  edits.set([...at, 'dockerfile'], { file: own });
}

/** Other ways for a registry to have its say in a build by BuildKit. */
function refuseForeign(build: Node, args: ReadonlyMap<string, unknown>, at: Path): void {
  const caches = build.get('cache_from');
  for (const each of Array.isArray(caches) ? caches : []) refuseForeignCache(String(each));
  if (!args.has('BUILDKIT_SYNTAX')) return;
  throw unenforceable(`${at.join('.')}: leave BUILDKIT_SYNTAX out`);
}

/** @returns the names of the contexts, images among which are named by digest */
async function pinContexts(
  build: Node,
  at: Path,
  edits: ProjectEdits,
  { docker, world }: ProjectRequest,
): Promise<readonly string[]> {
  const path = [...at, 'additional_contexts'];
  const given = build.get('additional_contexts');
  const contexts = pairs(given, path, world);
  for (const [name, value = ''] of contexts) {
    // What compose builds with would put expressions of its own in.
    if (/[$%]\{/.test(value)) {
      throw unenforceable(`${path.join('.')}: ${name}=${value} can be read in two ways`);
    }
    const pinned = await pinnedContext(docker, value);
    if (pinned === value) continue;
    if (!(given instanceof Map)) throw unenforceable(`${path.join('.')}: name ${name} by digest`);
    edits.set([...path, name], pinned);
  }
  return [...contexts.keys()];
}

async function dockerfileOf(
  build: Node,
  context: string,
  at: Path,
  world: Pick<CliWorld, 'stdin'>,
) {
  const inline = word(build, 'dockerfile_inline', at);
  if (inline !== undefined) return { text: inline, beside: new Map<string, Uint8Array>() };
  const file = word(build, 'dockerfile', at);
  return await readDockerfile(
    context,
    file === undefined ? undefined : within(context, file),
    world,
  );
}

function within(context: string, file: string): string {
  return isAbsolute(file) ? file : join(context, file);
}

/** As a mapping, or a list of `NAME=VALUE`; a name alone takes its value from the environment. */
function pairs(
  value: unknown,
  path: Path,
  { env }: Pick<CliWorld, 'env'>,
): Map<string, string | undefined> {
  const found = new Map<string, string | undefined>();
  if (value === undefined) return found;
  if (Array.isArray(value)) {
    for (const each of value.map(String)) {
      const at = each.indexOf('=');
      if (at < 0) found.set(each, env[each]);
      else found.set(each.slice(0, at), plain(each.slice(at + 1)));
    }
    return found;
  }
  for (const [name, given] of node(value, path.join('.'))) found.set(name, plain(String(given)));
  return found;
}
