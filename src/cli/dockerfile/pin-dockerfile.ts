import { expandName, type Variables } from './expand-name.ts';
import { type ImageUse, imageUses } from './image-uses.ts';
import { unenforceable } from './unenforceable.ts';

export interface PinRequest<Image> {
  readonly builder: 'classic' | 'buildkit';
  /** `--build-arg`s. */
  readonly args: Variables;
  /** Names of `--build-context`s, in lower case: they stand for what they are given. */
  readonly contexts: ReadonlySet<string>;
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
 * digests stay as they are, and so does every other byte.
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
  const variables = variablesOf(defaults, request.args);
  const stages: (string | undefined)[] = [];
  const pins: { use: ImageUse; image: Image & { readonly pinned: string } }[] = [];
  for (const use of uses) {
    const name = imageName(use, stages, variables, request);
    if (use.kind === 'from') stages.push(use.stage);
    const image = name === undefined ? undefined : await request.resolve(name);
    if (image) pins.push({ use, image });
  }
  return {
    text: replaced(
      text,
      pins.map(({ use, image }) => ({ range: use.range, by: image.pinned })),
    ),
    images: pins.map(({ image }) => image),
  };
}

/** What docker would take for an image's name; undefined for anything else. */
function imageName<Image>(
  use: ImageUse,
  stages: readonly (string | undefined)[],
  variables: Variables,
  { contexts }: PinRequest<Image>,
): string | undefined {
  const where = `line ${use.line} of the Dockerfile`;
  // Only FROM knows variables; a name with one elsewhere is no plain name.
  const name = expandName(use.name, use.kind === 'from' ? variables : () => undefined, where);
  if (use.kind === 'syntax') return name;
  const lower = name.toLowerCase();
  if (contexts.has(lower) || contexts.has(`${lower}:latest`)) return undefined;
  if (name === 'scratch' || stages.includes(lower)) return undefined;
  if (use.kind === 'from' || !/^\d+$/.test(name)) return name;
  if (Number(name) < stages.length - 1) return undefined;
  throw unenforceable(`${where}: there is no stage ${name} before this one`);
}

function variablesOf(
  defaults: readonly (readonly [name: string, value: string | undefined])[],
  args: Variables,
): Variables {
  const values = new Map<string, string>();
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
