import { parseDocument } from 'yaml';
import type { DockerTrustWorld } from '../docker-ports.ts';
import { unenforceable } from '../dockerfile/unenforceable.ts';
import type { CliWorld } from '../ports.ts';
import type { Builder } from './build.ts';
import type { ResolvedProject } from './compose-project.ts';
import { pinProjectBuild } from './pin-project-build.ts';
import { type Path, ProjectEdits, unclear } from './project-edits.ts';
import { hookKeys, mountTypes, projectKeys, serviceKeys } from './project-keys.ts';
import { type Node, node, refuseUnknown } from './project-nodes.ts';
import { trustedImage } from './trusted-image.ts';

export interface ProjectRequest {
  readonly world: Pick<CliWorld, 'stdin' | 'env'>;
  readonly docker: DockerTrustWorld;
  /** Asked only where something is built. */
  builder(): Promise<Builder>;
  /** `up`, `pull`, ... */
  readonly command: string;
  /** Of `--build-arg`; undefined without a value. */
  readonly buildArgs: ReadonlyMap<string, string | undefined>;
}

export interface PinnedProject {
  readonly name: string | undefined;
  /** Services that are built here, whose images must come from nowhere else. */
  readonly built: readonly string[];
  /** What compose is given: `compose.yaml`, and the Dockerfiles that it names in this folder. */
  files(folder: string): ReadonlyMap<string, string | Uint8Array>;
}

/** No image has this digest. */
const nobodys = `not-asked-for@sha256:${'0'.repeat(64)}`;

/**
 * A project in which every image, and every image of every Dockerfile, is named by the digest that its tag is
 * signed for. What a service builds is always built: an image of its name in a registry is signed by nobody.
 * A service that the command has nothing to do with keeps its place, so that its containers are not taken for
 * orphans, with an image that nobody has.
 *
 * @throws StoreError CLI_UNENFORCEABLE, and what looking an image up throws
 */
export async function pinProject(
  { text, isOld, names }: ResolvedProject,
  request: ProjectRequest,
): Promise<PinnedProject> {
  // Every value stays the text it is: what is a number or a date to YAML is compose's to say.
  const document = parseDocument(text, { schema: 'failsafe', uniqueKeys: true });
  if (document.errors[0]) throw unenforceable('what compose says of the project is not YAML');
  const project = node(document.toJS({ mapAsMap: true, maxAliasCount: 100 }), 'the project');
  refuseUnknown(project, projectKeys, 'the project');
  const services = [...node(project.get('services') ?? new Map(), 'services')].map(
    ([name, value]) => ({ name, service: node(value, `service ${name}`) }),
  );
  const edits = new ProjectEdits();
  const built: string[] = [];
  for (const { name, service } of services) {
    const path = ['services', name];
    const maker = services.find((each) => makes(each.service, service));
    if (maker) {
      built.push(name);
      if (maker.service !== service)
        edits.copy(['services', maker.name, 'build'], [...path, 'build']);
      await pinProjectBuild(maker.service.get('build'), path, edits, request);
      keepBuilt(path, edits, isOld, request);
    } else await pinName(service.get('image'), [...path, 'image'], edits, request);
    await pinRest(service, path, edits, { ...request, isBuilt: maker !== undefined });
  }
  edits.refuseAliases(document);
  const given = project.get('name');
  return {
    name: typeof given === 'string' ? given : undefined,
    built,
    files(folder) {
      edits.apply(document, folder);
      const there = new Set(services.map(({ name }) => name));
      for (const name of names.filter((each) => !there.has(each))) {
        document.setIn(['services', name], { image: nobodys, profiles: ['not-asked-for'] });
      }
      return new Map([
        ...edits.files,
        ['compose.yaml', escaped(document.toString({ lineWidth: 0 }))],
      ]);
    },
  };
}

/** Whether a service's image is what another one, or it itself, builds. */
function makes(maker: Node, service: Node): boolean {
  if (service.has('build')) return maker === service;
  const image = service.get('image');
  return maker.has('build') && image !== undefined && maker.get('image') === image;
}

/** Compose would otherwise look in the registry for what a service builds. */
function keepBuilt(path: Path, edits: ProjectEdits, isOld: boolean, { command }: ProjectRequest) {
  if (!isOld) edits.set([...path, 'pull_policy'], 'build');
  else if (command === 'pull') edits.set([...path, 'image'], undefined);
}

async function pinName(name: unknown, path: Path, edits: ProjectEdits, request: ProjectRequest) {
  if (name === undefined) return;
  if (typeof name !== 'string') throw unclear(path.join('.'));
  const image = await trustedImage(request.docker, name);
  if (image) edits.set(path, image.pinned);
}

/** Images beside a service's own: of what runs before it, and of what is mounted. */
async function pinRest(
  service: Node,
  path: Path,
  edits: ProjectEdits,
  { isBuilt, ...request }: ProjectRequest & { readonly isBuilt: boolean },
): Promise<void> {
  refuseUnknown(service, serviceKeys, path.join('.'));
  for (const key of ['pre_start', 'post_start', 'pre_stop']) {
    for (const [i, value] of list(service.get(key)).entries()) {
      const at = [...path, key, String(i)];
      const hook = node(value, at.join('.'));
      refuseUnknown(hook, hookKeys, at.join('.'));
      const image = hook.get('image');
      // Without one a hook runs in the service's own.
      if (isBuilt && image === service.get('image')) edits.set([...at, 'image'], undefined);
      else await pinName(image, [...at, 'image'], edits, request);
    }
  }
  for (const [i, volume] of list(service.get('volumes')).entries()) {
    // In short it is never an image.
    if (!(volume instanceof Map)) continue;
    const at = [...path, 'volumes', String(i)];
    const type = String(volume.get('type'));
    if (type === 'image') await pinName(volume.get('source'), [...at, 'source'], edits, request);
    else if (!mountTypes.has(type)) throw unclear(at.join('.'));
  }
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Characters that compose's reader takes for ends of lines, or for none, stand as escapes, as compose wrote them. */
function escaped(yaml: string): string {
  return yaml.replace(/[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g, (letter) => {
    return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
