import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fromUtf8, isStoreError, systemCodeOf } from '../../base/index.ts';
import { readInput } from '../docker-trust/read-input.ts';
import { refusal } from '../docker-trust/texts.ts';
import { unenforceable } from '../dockerfile/unenforceable.ts';
import type { CliWorld } from '../ports.ts';

export interface FoundDockerfile {
  readonly text: string;
  /** What docker reads beside it, by the ending of its name. */
  readonly beside: ReadonlyMap<string, Uint8Array>;
  /** The build has no context but the Dockerfile, which came in its place. */
  readonly isContext: boolean;
}

const limitBytes = 4 * 1024 * 1024;
const dockerfile = 'the Dockerfile';

/**
 * The Dockerfile of a build, from where docker takes it.
 *
 * @param context  PATH, URL or `-`
 * @param file     `--file`, from the working folder
 * @throws StoreError CLI_UNENFORCEABLE where only the engine would see it; CLI_FILE; CLI_DOCKER_TRUST
 */
export async function readDockerfile(
  context: string,
  file: string | undefined,
  world: Pick<CliWorld, 'stdin'>,
): Promise<FoundDockerfile> {
  if (file === '-' && context === '-') {
    throw refusal('invalid argument: can not use stdin for both build context and dockerfile');
  }
  if (context === '-') return readContext(world);
  if (!(await isFolder(context))) throw unseen(context);
  if (file === '-')
    return { text: decoded(await collected(world)), beside: none, isContext: false };
  if (file !== undefined && /^https?:\/\//i.test(file)) throw unseen(file);
  const path = file ?? (await defaultFile(context));
  return {
    text: decoded(await readInput(path)),
    beside: await filesBeside(path),
    isContext: false,
  };
}

const none: ReadonlyMap<string, Uint8Array> = new Map();

function unseen(place: string) {
  return unenforceable(
    `the Dockerfile of ${place} is not on this machine before the build; fetch it and build the folder`,
  );
}

async function readContext(world: Pick<CliWorld, 'stdin'>): Promise<FoundDockerfile> {
  const bytes = await collected(world);
  if (isArchive(bytes)) {
    throw unenforceable(
      'the Dockerfile is in an archive on standard input; unpack it and build the folder',
    );
  }
  return { text: decoded(bytes), beside: none, isContext: true };
}

/** As docker finds one where it is not named. */
async function defaultFile(folder: string): Promise<string> {
  const usual = join(folder, 'Dockerfile');
  const lower = join(folder, 'dockerfile');
  const isThere = (path: string) => stat(path).then(...answers);
  return !(await isThere(usual)) && (await isThere(lower)) ? lower : usual;
}

/** What is left out of the context, and a policy of buildx. */
async function filesBeside(path: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for (const ending of ['.dockerignore', '.rego']) {
    const bytes = await whereThere(readInput(`${path}${ending}`));
    if (bytes) found.set(ending, bytes);
  }
  return found;
}

/** Undefined without the file. One that is there and cannot be read could keep a secret out of the image. */
function whereThere(reading: Promise<Uint8Array>): Promise<Uint8Array | undefined> {
  return reading.catch((error: unknown) => {
    if (isStoreError(error) && systemCodeOf(error.cause) === 'ENOENT') return undefined;
    throw error;
  });
}

const answers = [() => true, () => false] as const;

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** @throws StoreError CLI_UNENFORCEABLE when it is no text, or too much */
export async function readStandardInput(
  world: Pick<CliWorld, 'stdin'>,
  what: string,
): Promise<string> {
  return decoded(await collected(world, what), what);
}

async function collected(
  { stdin }: Pick<CliWorld, 'stdin'>,
  what = dockerfile,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of stdin) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    parts.push(bytes);
    size += bytes.length;
    if (isArchive(parts[0] ?? bytes)) break;
    if (size > limitBytes) throw unenforceable(`${what} is larger than 4 MiB; shorten it`);
  }
  return Buffer.concat(parts);
}

/** tar, gzip, bzip2, xz or zstd, as docker tells them from a Dockerfile. */
function isArchive(bytes: Uint8Array): boolean {
  const hex = Buffer.from(bytes.subarray(0, 6)).toString('hex');
  const isPacked = /^(1f8b08|425a68|fd377a585a00|28b52ffd)/.test(hex);
  return isPacked || Buffer.from(bytes.subarray(257, 262)).toString('latin1') === 'ustar';
}

function decoded(bytes: Uint8Array, what = dockerfile): string {
  try {
    return fromUtf8(bytes);
  } catch {
    throw unenforceable(`${what} is not UTF-8; write it so`);
  }
}
