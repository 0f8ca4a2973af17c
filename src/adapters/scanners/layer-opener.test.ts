import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { runs } from '../../../test/support/property-runs.ts';
import { inPieces } from '../../../test/support/tar-writer.ts';
import { isStoreError } from '../../base/index.ts';
import { layerOpener } from './layer-opener.ts';
import { cutZstdFrames } from './zstd-frames.ts';

const wide = { sizeBytes: 2 ** 40, ratio: 10_000 };
const content = Buffer.concat([randomBytes(300_000), Buffer.alloc(200_000), randomBytes(5)]);
const [first, second] = [content.subarray(0, 250_000), content.subarray(250_000)];
const skippable = Buffer.from('5a2a4d1803000000aabbcc', 'hex');

const encodings: [name: string, bytes: Uint8Array][] = [
  ['no compression', content],
  ['gzip', gzipSync(content)],
  ['gzip in two members', Buffer.concat([gzipSync(first), gzipSync(second)])],
  ['zstd', zstdCompressSync(content)],
  ['zstd in two frames', Buffer.concat([zstdCompressSync(first), zstdCompressSync(second)])],
  [
    'zstd with skippable frames',
    Buffer.concat([
      skippable,
      zstdCompressSync(first),
      skippable,
      skippable,
      zstdCompressSync(second),
      skippable,
    ]),
  ],
  [
    'zstd with a frame of nothing',
    Buffer.concat([zstdCompressSync(''), zstdCompressSync(content)]),
  ],
];

for (const [name, bytes] of encodings) {
  test(`a layer with ${name} is unpacked, whatever the pieces it comes in`, async () => {
    for (const size of [1, 3, 1000, 65_536, 10_000_000]) {
      if (size < 1000 && bytes.length > 100_000) continue;
      assert.ok((await unpack(bytes, size)).equals(content), `pieces of ${size}`);
    }
  });
}

test('many small frames of zstd are unpacked, byte by byte too', async () => {
  const frames = Array.from({ length: 300 }, (_, i) =>
    zstdCompressSync(`frame ${i} ${'x'.repeat(i)}`),
  );
  const expected = Array.from({ length: 300 }, (_, i) => `frame ${i} ${'x'.repeat(i)}`).join('');
  const bytes = Buffer.concat(frames.flatMap((frame) => [frame, skippable]));
  for (const size of [1, 2, 7, 4096, 1_000_000]) {
    assert.equal((await unpack(bytes, size)).toString(), expected, `pieces of ${size}`);
  }
});

test('what the zstd program wrote is unpacked', async () => {
  const written = readFileSync('test/fixtures/zstd/lines.zst');
  const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i} of a layer\n`).join('');
  assert.ok((await unpack(written, 4096)).equals(Buffer.from(lines)));
});

const gzipped = gzipSync(content);
const zstandard = zstdCompressSync(content);

/** One row: bytes that are no layer, and the one code they are refused with. */
const broken: [what: string, bytes: Uint8Array, code: string][] = [
  ['gzip cut short', gzipped.subarray(0, -5), 'REVIEW_LAYER_CORRUPT'],
  [
    'gzip with a wrong checksum',
    Buffer.concat([gzipped.subarray(0, -8), Buffer.alloc(8, 1)]),
    'REVIEW_LAYER_CORRUPT',
  ],
  [
    'gzip with rubbish inside',
    Buffer.concat([gzipped.subarray(0, 1000), randomBytes(1000)]),
    'REVIEW_LAYER_CORRUPT',
  ],
  ['zstd cut short', zstandard.subarray(0, -5), 'REVIEW_LAYER_CORRUPT'],
  [
    'zstd cut short in its second frame',
    Buffer.concat([zstandard, zstandard.subarray(0, 1000)]),
    'REVIEW_LAYER_CORRUPT',
  ],
  [
    'zstd with rubbish inside',
    Buffer.concat([zstandard.subarray(0, 30), Buffer.alloc(1000, 0xff)]),
    'REVIEW_LAYER_CORRUPT',
  ],
  ['bzip2', Buffer.from('BZh91AY&SY'), 'REVIEW_LAYER_ENCODING'],
  ['xz', Buffer.from('fd377a585a0000', 'hex'), 'REVIEW_LAYER_ENCODING'],
];

for (const [what, bytes, code] of broken) {
  test(`${what} is refused with ${code}`, async () => {
    assert.equal(await codeOf(unpack(bytes, 500)), code);
  });
}

test('a window of zstd that would need too much memory is refused', async () => {
  // A frame header alone: window descriptor for 2 GiB, then a raw block of one byte.
  const huge = Buffer.from('28b52ffd00a80900006100', 'hex');
  assert.equal(await codeOf(unpack(huge, 100)), 'REVIEW_LAYER_CORRUPT');
});

for (const [name, compress] of [
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
] as const) {
  test(`a ${name} bomb is left as soon as it is one`, async () => {
    const bomb = compress(Buffer.alloc(400 * 1024 * 1024));
    let unpacked = 0;
    const reading = (async () => {
      for await (const chunk of layerOpener.open(inPieces(bomb), { ...wide, ratio: 200 }))
        unpacked += chunk.length;
    })();
    assert.equal(await codeOf(reading), 'REVIEW_LAYER_BOMB');
    assert.ok(unpacked < 100 * 1024 * 1024, `${unpacked} bytes were unpacked`);
  });
}

test('a layer that is larger than its limit is left there, compressed or not', async () => {
  for (const bytes of [content, gzipped, zstandard]) {
    const limits = { ...wide, sizeBytes: 100_000 };
    assert.equal(await codeOf(unpack(bytes, 500, limits)), 'REVIEW_LAYER_BOMB');
  }
});

test('a failure to read the layer is not taken for the layer’s fault', async () => {
  for (const bytes of [content, gzipped, zstandard]) {
    async function* failing() {
      yield bytes.subarray(0, 1000);
      throw new Error('the disk is gone');
    }
    await assert.rejects(collect(layerOpener.open(failing(), wide)), /the disk is gone/);
  }
});

test('the layer is closed when its reader stops', async () => {
  for (const bytes of [content, gzipped, zstandard, Buffer.from('BZh91AY&SY')]) {
    let closed = false;
    async function* source() {
      try {
        yield* inPieces(bytes, 1000);
      } finally {
        closed = true;
      }
    }
    const read = async () => {
      for await (const _ of layerOpener.open(source(), wide)) break;
    };
    await read().catch((error) => assert.ok(isStoreError(error)));
    assert.ok(closed);
  }
});

test('any bytes are unpacked or refused with a code', async () => {
  const start = fc.constantFrom(
    ...[gzipped, zstandard, skippable, content, brotliCompressSync('x')].map((one) =>
      one.subarray(0, 60),
    ),
  );
  await fc.assert(
    fc.asyncProperty(
      start,
      fc.nat({ max: 60 }),
      fc.uint8Array({ maxLength: 60 }),
      async (bytes, cut, tail) => {
        const code = await codeOf(unpack(Buffer.concat([bytes.subarray(0, cut), tail]), 7));
        assert.match(code, /^(unpacked|REVIEW_LAYER_(CORRUPT|ENCODING))$/);
      },
    ),
    runs,
  );
});

test('cutting frames loses no byte of them', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 }),
      fc.integer({ min: 1, max: 50 }),
      async (texts, size) => {
        const frames = texts.map((text) => zstdCompressSync(text));
        const pieces: Uint8Array[] = [];
        for await (const piece of cutZstdFrames(inPieces(Buffer.concat(frames), size)))
          pieces.push(piece);
        assert.ok(Buffer.concat(pieces).equals(Buffer.concat(frames)));
      },
    ),
    runs,
  );
});

async function unpack(bytes: Uint8Array, size: number, limits = wide): Promise<Buffer> {
  return collect(layerOpener.open(inPieces(bytes, size), limits));
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

async function codeOf(reading: Promise<unknown>): Promise<string> {
  try {
    await reading;
  } catch (error) {
    if (isStoreError(error)) return error.code;
    throw error;
  }
  return 'unpacked';
}
