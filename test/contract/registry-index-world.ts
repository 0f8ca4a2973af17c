import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, utf8 } from '../../src/base/index.ts';
import {
  mediaTypes,
  parseManifest,
  parseRepositoryName,
  parseTag,
  type RepositoryName,
} from '../../src/oci/index.ts';
import { pushManifest, type RegistryIndex } from '../../src/registry/index.ts';

/** An index under test. */
export interface OpenRegistryIndex {
  readonly index: RegistryIndex;
  /** How many rows each kind of thing has, when it is not none. */
  leavings(): Promise<Record<string, number>>;
  close(): Promise<void>;
}

/** One sentence that must hold of an empty index. @param run  returns what it leaves behind */
export type Contract = (
  sentence: string,
  run: (index: RegistryIndex) => Promise<Record<string, number>>,
) => void;

/** @param open  makes an empty index */
export function contractOf(name: string, open: () => Promise<OpenRegistryIndex>): Contract {
  return (sentence, run) => {
    test(`${name}: ${sentence}`, async () => {
      const opened = await open();
      try {
        const expected = await run(opened.index);
        assert.deepEqual(await opened.leavings(), expected);
      } finally {
        await opened.close();
      }
    });
  };
}

export const now = new Date('2026-11-21T10:00:00Z');
export const later = new Date('2026-11-22T10:00:00Z');
export const app = parseRepositoryName('staging/acme/app');
export const other = parseRepositoryName('certification/acme/app');
export const v1 = parseTag('v1');

export const config = utf8('{"architecture":"amd64"}');
export const layer = utf8('a layer');
export const all = { after: undefined, limit: 100 };

/** Links the blobs of an image of one layer, and pushes its manifest. */
export async function pushImage(
  index: RegistryIndex,
  repository: RepositoryName,
  tag: string | undefined,
  note = '',
  more: object = {},
): Promise<Uint8Array> {
  await index.linkBlob(repository, digestOf(config), config.length, now);
  await index.linkBlob(repository, digestOf(layer), layer.length, now);
  const bytes = imageManifest(note, {}, more);
  await push(index, repository, tag, bytes);
  return bytes;
}

export async function push(
  index: RegistryIndex,
  repository: RepositoryName,
  tag: string | undefined,
  bytes: Uint8Array,
): Promise<void> {
  const reference = tag === undefined ? digestOf(bytes) : parseTag(tag);
  await pushManifest(index, { repository, reference, bytes, mediaType: undefined }, now);
}

export function imageManifest(note = '', layerMore: object = {}, more: object = {}): Uint8Array {
  return utf8(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: describe(config, mediaTypes.ociConfig),
      layers: [{ ...describe(layer, mediaTypes.ociLayer), ...layerMore }],
      annotations: { note },
      ...more,
    }),
  );
}

export function indexOf(children: readonly Uint8Array[], more: object = {}): Uint8Array {
  const manifests = children.map((bytes) => describe(bytes, parseManifest(bytes).mediaType));
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests, ...more };
  return utf8(JSON.stringify(index));
}

function describe(bytes: Uint8Array, mediaType: string) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

/** Some databases give a Buffer; it is the bytes that count. */
export function plain<T extends { readonly bytes: Uint8Array }>(
  stored: T | undefined,
): T | undefined {
  return stored && { ...stored, bytes: new Uint8Array(stored.bytes) };
}
