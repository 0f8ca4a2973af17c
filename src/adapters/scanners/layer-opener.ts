import { Readable, type Transform } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { constants, createGunzip, createZstdDecompress } from 'node:zlib';
import { type LayerOpener, type OpenLimits, reviewError } from '../../chain/review/index.ts';
import { cutZstdFrames } from './zstd-frames.ts';

const mebibyte = 1024 * 1024;
/** Small images compress as they like; only from here on a ratio says anything. */
const ratioFromBytes = 64 * mebibyte;
const chunkSize = 64 * 1024;
/** After so many bytes other work of the process gets its turn. */
const turnBytes = 8 * mebibyte;
/** zstd may ask for a window of 2 GiB; 64 MiB is what common programs write at the most. */
const windowLogMax = 26;

/** How docker tells a compression: by the first bytes, whatever the media type says. */
const encodings: readonly { name: string; magic: readonly number[] }[] = [
  { name: 'gzip', magic: [0x1f, 0x8b, 0x08] },
  { name: 'zstd', magic: [0x28, 0xb5, 0x2f, 0xfd] },
  { name: 'bzip2', magic: [0x42, 0x5a, 0x68] },
  { name: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a] },
];

/** Unpacks layers with node:zlib, in constant memory. */
export const layerOpener: LayerOpener = { open: openLayer };

async function* openLayer(
  bytes: AsyncIterable<Uint8Array>,
  limits: OpenLimits,
): AsyncGenerator<Uint8Array, undefined> {
  const source = new Source(bytes);
  let sizeBytes = 0;
  let turn = turnBytes;
  try {
    for await (const chunk of await decompressed(source)) {
      sizeBytes += chunk.length;
      requireWithin(limits, sizeBytes, source.sizeBytes);
      yield chunk;
      if (sizeBytes < turn) continue;
      turn = sizeBytes + turnBytes;
      await setImmediate();
    }
  } finally {
    await source.close();
  }
}

async function decompressed(source: Source): Promise<AsyncIterable<Uint8Array>> {
  const name = encodingOf(await source.peek());
  switch (name) {
    case 'gzip':
      return through(createGunzip({ chunkSize }), source);
    case 'zstd': {
      const params = { [constants.ZSTD_d_windowLogMax]: windowLogMax };
      return through(createZstdDecompress({ chunkSize, params }), cutZstdFrames(source));
    }
    case undefined:
      return source;
    default:
      throw reviewError('REVIEW_LAYER_ENCODING', { found: name });
  }
}

function encodingOf(start: Uint8Array): string | undefined {
  if (start.length >= 4 && start[1] === 0x2a && start[2] === 0x4d && start[3] === 0x18) {
    if (((start[0] ?? 0) & 0xf0) === 0x50) return 'zstd';
  }
  return encodings.find(({ magic }) => magic.every((byte, at) => start[at] === byte))?.name;
}

/** What the source throws is thrown on; what the decompressor throws is the layer's fault. */
async function* through(
  transform: Transform,
  compressed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, undefined> {
  const readable = Readable.from(compressed, { objectMode: false });
  readable.on('error', (error) => transform.destroy(error));
  readable.pipe(transform);
  try {
    for await (const chunk of transform) yield chunk;
  } catch (error) {
    if (!isZlibError(error)) throw error;
    throw reviewError('REVIEW_LAYER_CORRUPT', { reason: error.message }, error);
  } finally {
    readable.destroy();
    transform.destroy();
  }
}

function isZlibError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && /^Z(STD)?_/.test(String(error.code));
}

function requireWithin({ sizeBytes, ratio }: OpenLimits, unpacked: number, packed: number): void {
  if (unpacked > sizeBytes) {
    throw reviewError('REVIEW_LAYER_BOMB', { limit: `${sizeBytes} bytes` });
  }
  if (unpacked > ratioFromBytes && unpacked > packed * ratio) {
    throw reviewError('REVIEW_LAYER_BOMB', { limit: `${ratio} times its size` });
  }
}

/** The layer as it is stored: counted, its first bytes looked at before they are given out. */
class Source implements AsyncIterable<Uint8Array> {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #waiting: Uint8Array[] = [];
  /** How many bytes were given out. */
  sizeBytes = 0;

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#chunks = bytes[Symbol.asyncIterator]();
  }

  /** The first bytes, a few of them unless the layer is shorter. */
  async peek(): Promise<Uint8Array> {
    let known = 0;
    while (known < 8) {
      const next = await this.#chunks.next();
      if (next.done) break;
      this.#waiting.push(next.value);
      known += next.value.length;
    }
    return Buffer.concat(this.#waiting).subarray(0, 8);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, undefined> {
    try {
      for (;;) {
        const chunk = this.#waiting.shift() ?? (await this.#next());
        if (!chunk) return;
        this.sizeBytes += chunk.length;
        yield chunk;
      }
    } finally {
      await this.close();
    }
  }

  /** Nobody will read the rest. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #next(): Promise<Uint8Array | undefined> {
    const next = await this.#chunks.next();
    return next.done ? undefined : next.value;
  }
}
