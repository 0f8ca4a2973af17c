import {
  arrayOf,
  booleanOf,
  type Digest,
  entriesOf,
  isStoreError,
  type Json,
  optional,
  parseDigest,
  parseJson,
  stringOf,
} from '../base/index.ts';
import { ociError } from './errors.ts';
import { membersOf } from './members.ts';
import { requireUniqueNames } from './unique-names.ts';

/** The largest configuration that is read; real ones have a few KiB. */
export const imageConfigLimitBytes = 8 * 1024 * 1024;
const entryLimit = 10_000;

/** What an image says of how it runs and how it was made. Nothing in it has been verified. */
export interface ImageConfig {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | undefined;
  /** As written: empty, a name, a number, with or without `:group`. */
  readonly user: string;
  /** `NAME=value`, in order. */
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** The test of the health check; `['NONE']` switches an inherited one off. Undefined: none. */
  readonly healthcheck: readonly string[] | undefined;
  readonly labels: ReadonlyMap<string, string>;
  readonly history: readonly HistoryStep[];
  /** Of each layer, uncompressed, in order. */
  readonly diffIds: readonly Digest[];
}

/** One step of the build. */
export interface HistoryStep {
  readonly createdBy: string;
  readonly comment: string;
  /** It made no layer. */
  readonly emptyLayer: boolean;
}

const names = [
  'created',
  'author',
  'architecture',
  'os',
  'os.version',
  'os.features',
  'variant',
].concat([
  'config',
  'rootfs',
  'history',
  'container',
  'container_config',
  'docker_version',
  'parent',
]);
const runNames = ['User', 'Env', 'Entrypoint', 'Cmd', 'Healthcheck', 'Labels', 'WorkingDir'].concat(
  ['ExposedPorts', 'Volumes', 'StopSignal', 'Shell', 'OnBuild', 'ArgsEscaped'],
);

/**
 * Reads the configuration of an image that a stranger sent. Only a document with one reading is
 * taken: no member twice, and none that differs from a known one only by case.
 *
 * @throws StoreError OCI_CONFIG_TOO_LARGE, OCI_CONFIG_INVALID
 * @see OCI image-spec 1.1, "OCI Image Configuration"; Docker image-spec 1.3 for Healthcheck
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  if (bytes.length > imageConfigLimitBytes) {
    throw ociError('OCI_CONFIG_TOO_LARGE', { limitBytes: imageConfigLimitBytes });
  }
  try {
    const json = parseJson(bytes);
    requireUniqueNames(bytes);
    return read(membersOf(json, 'image', names));
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw ociError('OCI_CONFIG_INVALID', { reason: error.message }, error);
  }
}

function read(members: Map<string, Json>): ImageConfig {
  const run = membersOf(members.get('config') ?? {}, 'config', runNames);
  const rootfs = membersOf(members.get('rootfs') ?? {}, 'rootfs', ['type', 'diff_ids']);
  return {
    os: optional(stringOf, members.get('os'), 'os') ?? '',
    architecture: optional(stringOf, members.get('architecture'), 'architecture') ?? '',
    variant: optional(stringOf, members.get('variant'), 'variant'),
    user: optional(stringOf, run.get('User'), 'config.User') ?? '',
    env: textsOf(run.get('Env'), 'config.Env'),
    entrypoint: commandOf(run.get('Entrypoint'), 'config.Entrypoint'),
    cmd: commandOf(run.get('Cmd'), 'config.Cmd'),
    healthcheck: healthcheckOf(run.get('Healthcheck')),
    labels: labelsOf(run.get('Labels')),
    history: limited(members.get('history'), 'history').map(readStep),
    diffIds: textsOf(rootfs.get('diff_ids'), 'rootfs.diff_ids').map(parseDigest),
  };
}

function readStep(value: Json, at: number): HistoryStep {
  const path = `history[${at}]`;
  const step = membersOf(value, path, [
    'created',
    'created_by',
    'author',
    'comment',
    'empty_layer',
  ]);
  return {
    createdBy: optional(stringOf, step.get('created_by'), `${path}.created_by`) ?? '',
    comment: optional(stringOf, step.get('comment'), `${path}.comment`) ?? '',
    emptyLayer: optional(booleanOf, step.get('empty_layer'), `${path}.empty_layer`) ?? false,
  };
}

function healthcheckOf(value: Json | undefined): readonly string[] | undefined {
  const known = ['Test', 'Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries'];
  const members = optional(
    (json, path) => membersOf(json, path, known),
    value,
    'config.Healthcheck',
  );
  const test = textsOf(members?.get('Test'), 'config.Healthcheck.Test');
  return test.length > 0 ? test : undefined;
}

function labelsOf(value: Json | undefined): ReadonlyMap<string, string> {
  const labels = optional(entriesOf, value, 'config.Labels') ?? new Map<string, Json>();
  if (labels.size > entryLimit) throw tooMany('config.Labels');
  return new Map(
    [...labels].map(([name, text]) => [name, stringOf(text, `config.Labels.${name}`)]),
  );
}

/** Old images have one text where newer ones have a list. */
function commandOf(value: Json | undefined, path: string): readonly string[] {
  return typeof value === 'string' ? [value] : textsOf(value, path);
}

function textsOf(value: Json | undefined, path: string): readonly string[] {
  return limited(value, path).map((text) => stringOf(text, path));
}

function limited(value: Json | undefined, path: string): readonly Json[] {
  const list = optional(arrayOf, value, path) ?? [];
  if (list.length > entryLimit) throw tooMany(path);
  return list;
}

function tooMany(path: string) {
  return ociError('OCI_CONFIG_INVALID', { reason: `${path} has more than ${entryLimit} entries` });
}
