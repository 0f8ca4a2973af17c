import { familiarImageReference, parseImageReference } from '../../oci/index.ts';
import { expandName, platformVariables, type Variables } from './expand-name.ts';
import { type ImageUse, imageUses } from './image-uses.ts';
import { unenforceable } from './unenforceable.ts';

export interface PinRequest<Image> {
  readonly builder: 'classic' | 'buildkit';
  /** `--build-arg`s. */
  readonly args: Variables;
  /** Names of `--build-context`s: they stand for what they are given. */
  readonly contexts: Iterable<string>;
  /** What a name is signed for; undefined where it names one image already. Throws to refuse. */
  readonly resolve: (name: string) => Promise<(Image & { readonly pinned: string }) | undefined>;
}

export interface PinnedDockerfile<Image> {
  readonly text: string;
  /** What was put in place of names, in their order. */
  readonly images: readonly Image[];
}

/**
 * A Dockerfile in which every image is named by the digest that its tag is signed for: of `FROM`,
 * `COPY --from`, `RUN --mount=from=` in every stage, and of the frontend for BuildKit. Stages, `scratch` and
 * digests stay, with their variables in place, and every other byte is as it was.
 *
 * What `ONBUILD` names is left to the build that runs it.
 *
 * @throws StoreError CLI_UNENFORCEABLE, and what `resolve` throws
 */
export async function pinDockerfile<Image>(
  file: string,
  request: PinRequest<Image>,
): Promise<PinnedDockerfile<Image>> {
  const text = file.replace(/^\uFEFF/, '');
  const { uses, defaults } = imageUses(text, request.builder);
  const variables = variablesOf(defaults, request);
  const contexts = new Set([...request.contexts].map(contextName));
  const stages: (string | undefined)[] = [];
  const images: Image[] = [];
  const replacements: Replacement[] = [];
  for (const use of uses) {
    const name = expanded(use, variables);
    const isImage = isImagesName(name, use, stages, contexts);
    if (use.kind === 'from') stages.push(use.stage);
    const image = isImage ? await request.resolve(name) : undefined;
    if (image) images.push(image);
    // Also without an image: a variable could still be given another value.
    if (image || name !== use.name)
      replacements.push({ range: use.range, by: image?.pinned ?? name });
  }
  return { text: replaced(text, replacements), images };
}

/** The name with its variables in place. Only FROM knows variables; one elsewhere is no plain name. */
function expanded({ kind, name, line }: ImageUse, variables: Variables): string {
  return expandName(name, kind === 'from' ? variables : () => undefined, whereOf(line));
}

/** Whether docker would take it for an image's name, and for nothing else. */
function isImagesName(
  name: string,
  { kind, line }: ImageUse,
  stages: readonly (string | undefined)[],
  contexts: ReadonlySet<string>,
): boolean {
  if (kind === 'syntax') return true;
  if (contexts.has(contextName(name))) return false;
  if (name === 'scratch' || stages.includes(name.toLowerCase())) return false;
  if (kind === 'from' || !/^\d+$/.test(name)) return true;
  if (Number(name) < stages.length - 1) return false;
  throw unenforceable(`${whereOf(line)}: there is no stage ${name} before this one`);
}

/**
 * What buildx and BuildKit both make of the name of a context, so that `docker.io/library/base:latest` is `base`.
 * @see moby/buildkit v0.32.2, frontend/dockerui/config.go NamedContext
 */
function contextName(name: string): string {
  try {
    return familiarImageReference(parseImageReference(name)).replace(/:latest$/, '');
  } catch {
    return name;
  }
}

function whereOf(line: number): string {
  return `line ${line} of the Dockerfile`;
}

function variablesOf<Image>(
  defaults: readonly (readonly [name: string, value: string | undefined])[],
  { args, builder }: PinRequest<Image>,
): Variables {
  const values = new Map<string, string>();
  for (const name of builder === 'buildkit' ? platformVariables : []) {
    const given = args(name);
    if (given !== undefined) values.set(name, given);
  }
  for (const [name, written] of defaults) {
    const given = args(name);
    const known = (variable: string) => values.get(variable);
    const value = given ?? (written === undefined ? undefined : expandDefault(written, known));
    if (value !== undefined) values.set(name, value);
  }
  return (name) => values.get(name);
}

/** A default that cannot be told is not set; the name that needs it is then refused. */
function expandDefault(written: string, variables: Variables): string | undefined {
  if (written === '' || !/[$"'\\`]/.test(written)) return written;
  try {
    return expandName(written, variables, '');
  } catch {
    return undefined;
  }
}

interface Replacement {
  readonly range: ImageUse['range'];
  readonly by: string;
}

function replaced(text: string, replacements: readonly Replacement[]): string {
  const begins = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) begins.push(at + 1);
  const offset = ({ line, character }: { line: number; character: number }) =>
    (begins[line] ?? text.length) + character;
  const pieces: string[] = [];
  let done = 0;
  for (const { range, by } of replacements) {
    pieces.push(text.slice(done, offset(range.start)), by);
    done = offset(range.end);
  }
  return pieces.join('') + text.slice(done);
}
