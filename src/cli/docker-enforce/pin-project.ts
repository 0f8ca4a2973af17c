import { isAbsolute, join } from 'node:path';
import { isAlias, parseDocument, Scalar } from 'yaml';
import type { DockerTrustWorld } from '../docker-ports.ts';
import { pinDockerfile } from '../dockerfile/pin-dockerfile.ts';
import { unenforceable } from '../dockerfile/unenforceable.ts';
import type { CliWorld } from '../ports.ts';
import type { Builder } from './build.ts';
import { pinnedContext, refuseForeignCache } from './build-sources.ts';
import { readDockerfile } from './read-dockerfile.ts';
import { trustedImage } from './trusted-image.ts';

export interface ProjectRequest {
  readonly world: Pick<CliWorld, 'stdin' | 'env'>;
  readonly docker: DockerTrustWorld;
  readonly builder: Builder;
  /** Compose 1, which knows no pull policies. */
  readonly isOld: boolean;
  /** `up`, `pull`, ... */
  readonly command: string;
}

export interface PinnedProject {
  readonly name: string | undefined;
  /** Services that are built here, whose images must come from nowhere else. */
  readonly built: readonly string[];
  /** What compose is given: `compose.yaml`, and the Dockerfiles that it names in this folder. */
  files(folder: string): ReadonlyMap<string, string | Uint8Array>;
}

type Node = ReadonlyMap<string, unknown>;
type Path = readonly string[];

/** What is changed in the project. */
class Edits {
  readonly dockerfiles = new Map<string, string | Uint8Array>();
  readonly values: {
    readonly path: Path;
    readonly value: string | { file: string } | undefined;
  }[] = [];

  set(path: Path, value: string | { file: string } | undefined): void {
    this.values.push({ path, value });
  }
}

/**
 * A project in which every image, and every image of every Dockerfile, is named by the digest that its tag is
 * signed for. What a service builds is always built: an image of its name in a registry is signed by nobody.
 *
 * @param text  YAML as `compose config` prints it: resolved, with absolute paths
 * @throws StoreError CLI_UNENFORCEABLE, and what looking an image up throws
 */
export async function pinProject(text: string, request: ProjectRequest): Promise<PinnedProject> {
  // Every value stays the text it is: what is a number or a date to YAML is compose's to say.
  const document = parseDocument(text, { schema: 'failsafe', uniqueKeys: true });
  if (document.errors[0]) throw unenforceable('what compose says of the project is not YAML');
  const project = node(document.toJS({ mapAsMap: true, maxAliasCount: 100 }), 'the project');
  refuseModels(project);
  const edits = new Edits();
  const built: string[] = [];
  for (const [name, value] of node(project.get('services'), 'services')) {
    const path = ['services', name];
    if (isAlias(document.getIn(path, true))) throw unclear(`service ${name}`);
    const service = node(value, `service ${name}`);
    if (service.has('build')) built.push(name);
    await pinService(service, path, edits, request);
  }
  for (const { path } of edits.values) {
    if (path.some((_, i) => isAlias(document.getIn(path.slice(0, i + 1), true)))) {
      throw unclear(path.join('.'));
    }
  }
  const given = project.get('name');
  return {
    name: typeof given === 'string' ? given : undefined,
    built,
    files(folder) {
      for (const { path, value } of edits.values) {
        if (value === undefined) document.deleteIn(path);
        else
          document.setIn(
            path,
            quoted(typeof value === 'string' ? value : join(folder, value.file)),
          );
      }
      const yaml = document.toString({ lineWidth: 0 });
      return new Map([...edits.dockerfiles, ['compose.yaml', yaml]]);
    },
  };
}

async function pinService(
  service: Node,
  path: Path,
  edits: Edits,
  request: ProjectRequest,
): Promise<void> {
  if (service.has('extends'))
    throw unenforceable(`${path.join('.')}: compose left "extends" in it`);
  const build = service.get('build');
  if (build !== undefined) await pinBuild(build, path, edits, request);
  const image = service.get('image');
  if (build !== undefined) keepBuilt(path, edits, request);
  else if (typeof image === 'string') await pinName(image, [...path, 'image'], edits, request);
  else if (image !== undefined) throw unclear(path.join('.'));
  const volumes = service.get('volumes');
  for (const [i, volume] of (Array.isArray(volumes) ? volumes : []).entries()) {
    if (!(volume instanceof Map) || volume.get('type') !== 'image') continue;
    const at = [...path, 'volumes', String(i), 'source'];
    await pinName(String(volume.get('source')), at, edits, request);
  }
}

/** Compose would otherwise look in the registry for what a service builds. */
function keepBuilt(path: Path, edits: Edits, { isOld, command }: ProjectRequest): void {
  if (!isOld) edits.set([...path, 'pull_policy'], 'build');
  else if (command === 'pull') edits.set([...path, 'image'], undefined);
}

async function pinName(name: string, path: Path, edits: Edits, { docker }: ProjectRequest) {
  const image = await trustedImage(docker, name);
  if (image) edits.set(path, image.pinned);
}

async function pinBuild(
  value: unknown,
  service: Path,
  edits: Edits,
  request: ProjectRequest,
): Promise<void> {
  const { docker, builder, world } = request;
  const at = [...service, 'build'];
  const build =
    typeof value === 'string' ? new Map([['context', value]]) : node(value, at.join('.'));
  if (typeof value === 'string') edits.set(at, undefined);
  const context = word(build, 'context', at) ?? '.';
  const args = pairs(build.get('args'), [...at, 'args'], world);
  const contexts = pairs(build.get('additional_contexts'), [...at, 'additional_contexts'], world);
  for (const [name, given] of contexts) {
    const pinned = await pinnedContext(docker, given ?? '');
    if (pinned !== given) throw unenforceable(`${at.join('.')}: name ${name}=${given} by digest`);
  }
  const caches = build.get('cache_from');
  if (builder === 'buildkit') {
    for (const each of Array.isArray(caches) ? caches : []) refuseForeignCache(String(each));
    if (args.has('BUILDKIT_SYNTAX'))
      throw unenforceable(`${at.join('.')}: leave BUILDKIT_SYNTAX out`);
  }
  const inline = word(build, 'dockerfile_inline', at);
  const file = word(build, 'dockerfile', at);
  const found =
    inline === undefined
      ? await readDockerfile(context, file === undefined ? undefined : within(context, file), world)
      : { text: inline, beside: new Map<string, Uint8Array>() };
  const { text } = await pinDockerfile(found.text, {
    builder,
    args: (name) => args.get(name),
    contexts: contexts.keys(),
    resolve: (name) => trustedImage(docker, name),
  });
  const own = `${edits.dockerfiles.size}.Dockerfile`;
  edits.dockerfiles.set(own, text);
  for (const [ending, bytes] of found.beside) edits.dockerfiles.set(`${own}${ending}`, bytes);
  if (typeof value === 'string') edits.set([...at, 'context'], context);
  if (inline !== undefined) edits.set([...at, 'dockerfile_inline'], undefined);
  edits.set([...at, 'dockerfile'], { file: own });
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
      else found.set(each.slice(0, at), each.slice(at + 1));
    }
    return found;
  }
  for (const [name, given] of node(value, path.join('.'))) found.set(name, plain(String(given)));
  return found;
}

/** Without what compose writes twice, so that it is not taken for a variable. */
function plain(text: string): string {
  return text.replaceAll('$$', '$');
}

function word(map: Node, name: string, path: Path): string | undefined {
  const value = map.get(name);
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw unclear([...path, name].join('.'));
  return plain(value);
}

function refuseModels(project: Node): void {
  for (const name of ['models', 'include']) {
    const value = project.get(name);
    if (value === undefined || (value instanceof Map && value.size === 0)) continue;
    throw unenforceable(`the project has "${name}", whose origin nobody verifies here`);
  }
}

function node(value: unknown, what: string): Node {
  if (value instanceof Map) return value;
  throw unclear(what);
}

function unclear(what: string) {
  return unenforceable(`${what} of the project is written so that its image cannot be told`);
}

function quoted(text: string): Scalar {
  const scalar = new Scalar(text);
  scalar.type = Scalar.QUOTE_DOUBLE;
  return scalar;
}
