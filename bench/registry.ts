import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mediaTypes } from '../src/oci/index.ts';
import { memoryOf } from './memory.ts';
import { benchDockerImages } from './registry-docker.ts';
import { type BlobFile, makeBlobFile, Visitor } from './registry-loads.ts';
import { type RegistrySubject, startOurs, startPeer } from './registry-subject.ts';
import { atLeastTimes, atMost, atMostTimes, type Result } from './result.ts';
import { wrk } from './wrk.ts';

const mebibyte = 2 ** 20;
const getSeconds = 3;
const pushSeconds = 4;
const manyTags = 100_000;
const manyReferrers = 1_000;
/** How often the tags are listed, and how many of the first are not counted, as with `wrk`. */
const tagLists = 18;
const notCounted = 3;
const atOnce = 16;
const memoryMiB = 200;

/** What one registry did: per second, or milliseconds, or MiB. */
interface Measured {
  readonly rates: ReadonlyMap<string, number>;
  readonly times: ReadonlyMap<string, number>;
  readonly memoryMiB: number | undefined;
}

/** Files that are pushed and pulled. */
interface Files {
  readonly folder: string;
  readonly large: BlobFile;
  readonly half: BlobFile;
}

const rates = [
  ['manifest GET by tag per s', 10],
  ['manifest GET by digest per s', 10],
  ['blob HEAD per s', 10],
  ['small blobs pushed per s over 16 connections, durable', 2],
  [`referrers of a digest with ${manyReferrers} per s`, 10],
] as const;
const times = [
  ['push of a 512 MiB blob, ms', 1 / 2, 1 / 2],
  ['pull of a 512 MiB blob, ms', 1 / 1.1, 1 / 0.6],
  [`pull of a 512 MiB blob ${atOnce} times at once, ms`, 1 / 1.1, 1 / 0.6],
  [`list of ${manyTags} tags, ms`, 1 / 10, 1 / 10],
  [`list of ${manyTags} tags, each after a push, ms`, 1 / 10, 1 / 10],
] as const;
/** What can be measured by itself. */
export const registryParts = ['memory', 'reads', 'small', 'transfers', 'lists', 'docker'] as const;
export type RegistryPart = (typeof registryParts)[number];
type Rate = (typeof rates)[number][0];
type Time = (typeof times)[number][0];

/**
 * Our registry on SQLite beside Debian's docker-registry on files with its descriptors in memory,
 * over TLS and over plain HTTP, one after the other in this run. Ours asks for a token at every
 * request, the peer lets everybody in.
 *
 * @param parts  what to measure: all of it takes half an hour on two cores
 */
export async function benchRegistry(parts: readonly RegistryPart[]): Promise<Result[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cm-bench-registry-'));
  try {
    const files: Files = {
      folder,
      large: makeBlobFile(folder, 'large', 512 * mebibyte),
      half: makeBlobFile(folder, 'half', 256 * mebibyte),
    };
    const results: Result[] = [];
    for (const tls of [true, false]) {
      if (parts.every((part) => part === 'docker')) break;
      const peer = await measure(await startPeer(tls), files, parts);
      const ours = await measure(await startOurs(tls), files, parts);
      results.push(...compared(tls, ours, peer));
    }
    return parts.includes('docker') ? [...results, ...(await benchDockerImages())] : results;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function compared(tls: boolean, ours: Measured, peer: Measured): Result[] {
  const over = tls ? 'TLS' : 'plain HTTP';
  return [
    ...rates
      .filter(([what]) => ours.rates.has(what))
      .map(([what, factor]) =>
        atLeastTimes(`${over}: ${what}`, ours.rates.get(what), peer.rates.get(what), factor),
      ),
    ...times
      .filter(([what]) => ours.times.has(what))
      .map(([what, factorTls, factorPlain]) =>
        atMostTimes(
          `${over}: ${what}`,
          ours.times.get(what) ?? Number.NaN,
          peer.times.get(what) ?? Number.NaN,
          tls ? factorTls : factorPlain,
        ),
      ),
    ...memoryRows(over, ours.memoryMiB, peer.memoryMiB),
  ];
}

function memoryRows(over: string, ours: number | undefined, peer: number | undefined): Result[] {
  if (ours === undefined) return [];
  const what = `${over}: peak memory, ${atOnce} pushes and ${atOnce} pulls of 256 MiB at once`;
  return [
    atMost(what, ours, memoryMiB, 'MiB'),
    { what: `${over}: the same of docker-registry`, value: `${peer} MiB` },
  ];
}

/** Some parts of one registry, which is ended afterwards. */
export async function measure(
  started: RegistrySubject,
  files: Files,
  parts: readonly RegistryPart[],
): Promise<Measured> {
  await using subject = started;
  const found = { rates: new Map<string, number>(), times: new Map<string, number>() };
  const note = (kind: 'rates' | 'times', what: Rate | Time, value: number) => {
    found[kind].set(what, value);
    console.log(`${subject.name}: ${what} ${value.toFixed(0)}`);
  };
  // Before anything else has made the process grow.
  const memory = parts.includes('memory') ? await memoryUnderLoad(subject, files) : undefined;
  if (parts.includes('reads')) await reads(subject, (what, value) => note('rates', what, value));
  if (parts.includes('small')) {
    const small = await Visitor.at(subject, 'bench/small');
    const folder = join(files.folder, 'small');
    await small.smallBlobs(folder, 1);
    const perSecond = await small.smallBlobs(folder, pushSeconds);
    note('rates', 'small blobs pushed per s over 16 connections, durable', perSecond);
  }
  if (parts.includes('transfers')) {
    await transfers(subject, files, (what, value) => note('times', what, value));
  }
  if (parts.includes('lists')) await lists(subject, note);
  return { ...found, memoryMiB: memory };
}

/** 16 pushes and 16 pulls of 256 MiB at once. */
async function memoryUnderLoad(subject: RegistrySubject, { half }: Files): Promise<number> {
  const first = await Visitor.at(subject, 'bench/memory');
  await first.pushFile(half);
  const others = await Promise.all(
    Array.from({ length: atOnce }, (_, i) => Visitor.at(subject, `bench/memory${i}`)),
  );
  await Promise.all([first.pull(half, atOnce), ...others.map((one) => one.pushFile(half))]);
  const peak = memoryOf(subject.pid());
  console.log(`${subject.name}: peak memory ${peak} MiB`);
  return peak;
}

async function reads(
  subject: RegistrySubject,
  note: (what: Rate, value: number) => void,
): Promise<void> {
  const visitor = await Visitor.at(subject, 'bench/image');
  const { digest, layer } = await pushImage(visitor, 'v1');
  const { token } = visitor;
  const get = async (path: string) => {
    const target = { url: visitor.url(path), token, accept: mediaTypes.ociManifest };
    await wrk(target, 1);
    return (await wrk(target, getSeconds)).perSecond;
  };
  note('manifest GET by tag per s', await get('manifests/v1'));
  note('manifest GET by digest per s', await get(`manifests/${digest}`));
  note('blob HEAD per s', await visitor.heads(`blobs/${layer}`, getSeconds));
}

async function transfers(
  subject: RegistrySubject,
  { large }: Files,
  note: (what: Time, value: number) => void,
): Promise<void> {
  const pushes: number[] = [];
  for (let i = 0; i < 3; i++) {
    pushes.push(await (await Visitor.at(subject, `bench/large${i}`)).pushFile(large));
  }
  note('push of a 512 MiB blob, ms', median(pushes));
  const visitor = await Visitor.at(subject, 'bench/large0');
  await visitor.pull(large);
  const pulls = [await visitor.pull(large), await visitor.pull(large), await visitor.pull(large)];
  note('pull of a 512 MiB blob, ms', median(pulls));
  const many = await visitor.pull(large, atOnce);
  note(`pull of a 512 MiB blob ${atOnce} times at once, ms`, many);
}

async function lists(
  subject: RegistrySubject,
  note: (kind: 'rates' | 'times', what: Rate | Time, value: number) => void,
): Promise<void> {
  const visitor = await Visitor.at(subject, 'bench/many');
  const { digest, size, config } = await pushImage(visitor, 'v1');
  await subject.seedTags('bench/many', digest, manyTags);
  const listTimes = async (before: () => Promise<unknown>) => {
    const took: number[] = [];
    for (let i = 0; i < tagLists; i++) {
      await before();
      took.push(await tagListTime(visitor));
    }
    return median(took.slice(notCounted));
  };
  const again = await listTimes(async () => undefined);
  note('times', `list of ${manyTags} tags, ms`, again);
  const anew = await listTimes(() => pushImage(visitor, 'v1'));
  note('times', `list of ${manyTags} tags, each after a push, ms`, anew);

  const subjectOf = { mediaType: mediaTypes.ociManifest, digest, size };
  const manifests: object[] = [];
  const artifactType = 'application/vnd.bench';
  for (let i = 0; i < manyReferrers; i++) {
    const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [] };
    const one = { ...manifest, subject: subjectOf, artifactType, annotations: { i: String(i) } };
    const pushed = await visitor.pushManifest(undefined, one);
    manifests.push({ ...pushed, artifactType, annotations: one.annotations });
  }
  // The peer has no referrers API: its clients keep the same list in a tag.
  const asked = await fetchable(visitor, `referrers/${digest}`);
  const path = asked ? `referrers/${digest}` : `manifests/${digest.replace(':', '-')}`;
  if (!asked) {
    const list = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
    await visitor.pushManifest(digest.replace(':', '-'), list);
  }
  const target = { url: visitor.url(path), token: visitor.token, accept: mediaTypes.ociIndex };
  await wrk(target, 1);
  const { perSecond } = await wrk(target, getSeconds);
  note('rates', `referrers of a digest with ${manyReferrers} per s`, perSecond);
}

async function fetchable(visitor: Visitor, path: string): Promise<boolean> {
  return visitor.send('GET', path, 200).then(
    () => true,
    () => false,
  );
}

/** Milliseconds until all tags are there. What a client makes of the pages is not the registry's time. */
async function tagListTime(visitor: Visitor): Promise<number> {
  const since = performance.now();
  const pages: string[] = [];
  for (let path: string | undefined = 'tags/list'; path !== undefined; ) {
    const { body, headers } = await visitor.send('GET', path, 200);
    pages.push(body.toString());
    path = /<([^>]+)>/.exec(headers.link ?? '')?.[1];
  }
  const took = performance.now() - since;
  const tags = new Set(pages.flatMap((page) => (JSON.parse(page) as { tags: string[] }).tags));
  if (tags.size !== manyTags + 1) throw new Error(`${tags.size} tags were listed`);
  return took;
}

async function pushImage(visitor: Visitor, tag: string) {
  const config = await visitor.pushBlob('{}', mediaTypes.ociConfig);
  const layers = await Promise.all(
    Array.from({ length: 8 }, (_, i) => visitor.pushBlob(`layer ${i}`, mediaTypes.ociLayer)),
  );
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers };
  const pushed = await visitor.pushManifest(tag, manifest);
  return { ...pushed, config, layer: layers[0]?.digest ?? '' };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
