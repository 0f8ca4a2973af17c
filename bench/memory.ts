import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { startReferencePair } from '../test/support/peers-reference.ts';
import { RegistryUser } from '../test/support/registry-user.ts';
import { admin, ServerProcess } from '../test/support/server-process.ts';
import { atMost, type Result, seconds } from './result.ts';

const blobBytes = 2 ** 30;
const pieceBytes = 2 ** 20;
const boundMiB = 200;

/**
 * Memory of the server while one blob of 1 GiB is pushed, as docker pushes a layer: one PATCH of
 * unknown length, then the PUT that names the digest. The same push to Debian's docker-registry
 * stands beside it where there is one.
 */
export async function benchMemory(withReference: boolean): Promise<Result[]> {
  const digest = await digestOfBlob();
  const ours = await throughStore(digest);
  return withReference ? [...ours, ...(await throughReference(digest))] : ours;
}

async function throughStore(digest: string): Promise<Result[]> {
  await using server = await ServerProcess.start();
  const idle = memoryOf(server.pid);
  using user = new RegistryUser(server.url, admin);
  const token = await user.token('repository:admin/large:pull,push');
  const tookMs = await pushBlob(user, token, digest);
  return [
    seconds('1 GiB layer: push', tookMs),
    { what: '1 GiB layer: memory of the server before', value: `${idle} MiB` },
    atMost('1 GiB layer: peak memory of the server', memoryOf(server.pid), boundMiB, 'MiB'),
  ];
}

async function throughReference(digest: string): Promise<Result[]> {
  await using pair = await startReferencePair();
  using user = new RegistryUser(`http://${pair.registry}`);
  const tookMs = await pushBlob(user, '', digest);
  const peak = memoryOf(pair.registryPid);
  return [
    seconds('1 GiB layer: push, to docker-registry (plain HTTP)', tookMs),
    { what: '1 GiB layer: peak memory of docker-registry', value: `${peak} MiB` },
  ];
}

/** Peak resident memory of a process since it began, in MiB. */
export function memoryOf(pid: number): number {
  const kib = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kib) / 1_024);
}

async function pushBlob(user: RegistryUser, token: string, digest: string): Promise<number> {
  const startedAt = Date.now();
  const opened = await user.request('POST', '/v2/admin/large/blobs/uploads/', { token });
  const path = pathOf(opened.headers.location);
  const body = Readable.from(pieces());
  const patched = await user.request('PATCH', path, { token, body });
  if (patched.status !== 202) throw new Error(`PATCH: ${patched.status} ${patched.body}`);
  const end = pathOf(patched.headers.location);
  const put = await user.request('PUT', `${end}${end.includes('?') ? '&' : '?'}digest=${digest}`, {
    token,
  });
  if (put.status !== 201) throw new Error(`PUT: ${put.status} ${put.body}`);
  return Date.now() - startedAt;
}

function pathOf(location: string | undefined): string {
  const { pathname, search } = new URL(location ?? '', 'https://x');
  return `${pathname}${search}`;
}

/** The blob: pieces that differ, so that no two blocks of it are equal. */
function* pieces(): Generator<Uint8Array> {
  const piece = Buffer.alloc(pieceBytes);
  for (let i = 0; i < blobBytes / pieceBytes; i++) {
    piece.writeUInt32BE(i, 0);
    yield Buffer.from(piece);
  }
}

async function digestOfBlob(): Promise<string> {
  const hash = createHash('sha256');
  for (const piece of pieces()) hash.update(piece);
  return `sha256:${hash.digest('hex')}`;
}
