import { isStoreError, type StoreError } from '../../base/index.ts';
import { type Finding, printable } from '../../findings/index.ts';
import { type Descriptor, type ImageConfig, layerFormatOf } from '../../oci/index.ts';
import { found, type RuleCode } from './rules.ts';
import type { LayerScan, LayerSecret } from './scan-layer.ts';

/** What is wrong with the layers themselves, and what in them is secret. */
export function* layerFindings(
  scans: readonly LayerScan[],
  config: ImageConfig | undefined,
  platforms: readonly string[],
): Generator<Finding, undefined> {
  for (const scan of new Set(scans)) {
    if (scan.problem) yield problemFinding(scan.digest, scan.problem, platforms);
    for (const secret of scan.secrets) yield secretFinding(scan, secret, platforms);
  }
  if (config) yield* mismatches(scans, config, platforms);
}

/** A part that cannot be unpacked as a layer: an artifact, or one whose bytes lie elsewhere. */
export function* layerTypeFindings(
  layers: readonly Descriptor[],
  platforms: readonly string[],
): Generator<Finding, undefined> {
  for (const { mediaType, digest } of layers) {
    const format = layerFormatOf(mediaType);
    if (format && !format.foreign) continue;
    const detail = `${digest} is of the type ${mediaType}`;
    yield found('HYGIENE_LAYER_TYPE', { subject: digest, detail, platforms });
  }
}

export function problemFinding(
  digest: string,
  problem: StoreError,
  platforms: readonly string[],
): Finding {
  const detail = `layer ${digest}: ${printable(problem.message, 1_000)} (${problem.code})`;
  return found(ruleOf(problem.code), { subject: digest, detail, platforms });
}

function ruleOf(code: string): RuleCode {
  if (code === 'REVIEW_LAYER_BOMB') return 'HYGIENE_LAYER_BOMB';
  if (code === 'REVIEW_TOO_MANY_ENTRIES' || code === 'REVIEW_NOTHING_LEFT') {
    return 'HYGIENE_LAYER_LIMIT';
  }
  return 'HYGIENE_LAYER_MALFORMED';
}

/** An error of laying a layer over the others; anything else is thrown on. */
export function mergeProblem(error: unknown): StoreError {
  if (isStoreError(error) && error.code === 'OCI_WHITEOUT_INVALID') return error;
  throw error;
}

/** @see OCI image-spec 1.1, "Layer DiffID" */
function* mismatches(
  scans: readonly LayerScan[],
  config: ImageConfig,
  platforms: readonly string[],
): Generator<Finding, undefined> {
  if (config.diffIds.length !== scans.length) {
    const detail = `the configuration names ${config.diffIds.length} layers, the manifest ${scans.length}`;
    yield found('HYGIENE_LAYER_MISMATCH', { subject: 'config', detail, platforms });
    return;
  }
  for (const [at, { digest, diffId }] of scans.entries()) {
    const named = config.diffIds[at];
    if (diffId === undefined || diffId === named) continue;
    const detail = `layer ${at + 1}, ${digest}, unpacks to ${diffId}; the configuration names ${named}`;
    yield found('HYGIENE_LAYER_MISMATCH', { subject: digest, detail, platforms });
  }
}

const systemFolders = /^(usr\/)?(lib|lib32|lib64|libx32|libexec|bin|sbin)\//;
const dependencies =
  /(^|\/)(node_modules|site-packages|dist-packages|gems|go\/(pkg\/mod|src)|usr\/(share|lib))\//;
const testFiles =
  /(^|\/)(tests?|__tests__|testdata|test_data|fixtures|specs?|examples?|samples?|certdata)\//;

function secretFinding(
  { digest }: LayerScan,
  secret: LayerSecret,
  platforms: readonly string[],
): Finding {
  const { kind, path, offset, line, count } = secret;
  const where = line === undefined ? `byte ${offset}` : `line ${line}`;
  const more = count > 1 ? `, and ${count - 1} more in the file` : '';
  return found(secretRule(secret), {
    subject: `${digest} ${printable(`/${path}`, 5_000)} ${kind}`,
    detail: `${kind} in ${printable(`/${path}`)}, ${where}, layer ${digest}${more}`,
    platforms,
  });
}

/** Keys that everybody has are no secrets: libraries test themselves, packages bring their tests. */
function secretRule({ path, inProgram }: LayerSecret): RuleCode {
  if (inProgram && systemFolders.test(path)) return 'SECRET_IN_SYSTEM_PROGRAM';
  const isTestData = dependencies.test(path) && testFiles.test(path);
  return isTestData ? 'SECRET_IN_TEST_DATA' : 'SECRET_IN_LAYER';
}
