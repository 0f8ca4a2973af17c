/**
 * Cuts a stream so that no piece holds the end of one zstd frame and the beginning of the next, and
 * leaves skippable frames out. Node's decompressor stops at the end of a frame and forgets what
 * stands behind it in the same piece; layers in the form of zstd:chunked have a frame for each file.
 *
 * What is no zstd is passed on as it is, for the decompressor to refuse.
 * @see RFC 8878, section 3.1, "Frames"
 */
export async function* cutZstdFrames(
  stream: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, undefined> {
  const walk = new FrameWalk();
  for await (const chunk of stream) yield* walk.pieces(chunk);
  yield* walk.rest();
}

type Phase = 'magic' | 'skip size' | 'skip' | 'descriptor' | 'header' | 'block' | 'content' | 'sum';

const magicBytes = 4;
const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;

/** Knows at each byte which part of a frame it is. Short parts are gathered until they are whole. */
class FrameWalk {
  #phase: Phase = 'magic';
  /** Bytes of the current part still to come. */
  #left = magicBytes;
  #gathered: number[] = [];
  #hasChecksum = false;
  #isLastBlock = false;
  #isBroken = false;

  *pieces(chunk: Uint8Array): Generator<Uint8Array, undefined> {
    let start = 0;
    for (let at = 0; at < chunk.length && !this.#isBroken; ) {
      const phase = this.#phase;
      const taken = Math.min(this.#left, chunk.length - at);
      if (isGathered(phase)) this.#gathered.push(...chunk.subarray(at, at + taken));
      at += taken;
      this.#left -= taken;
      if (phase === 'magic' || phase === 'skip size' || phase === 'skip') start = at;
      if (this.#left > 0) continue;
      const before = this.#finishPart();
      if (before) yield before;
      if (this.#phase === 'magic' && at > start) {
        yield chunk.subarray(start, at);
        start = at;
      }
    }
    if (start < chunk.length) yield chunk.subarray(start);
  }

  /** A beginning of a magic number at the end of the stream. */
  *rest(): Generator<Uint8Array, undefined> {
    if (this.#phase === 'magic' && this.#gathered.length > 0) yield Uint8Array.from(this.#gathered);
  }

  /** @returns a magic number that turned out to be one of a frame, to be passed on */
  #finishPart(): Uint8Array | undefined {
    const bytes = Uint8Array.from(this.#gathered);
    const value = bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
    this.#gathered = [];
    switch (this.#phase) {
      case 'magic':
        if (value >= skippableMagic && value < skippableMagic + 16) {
          this.#next('skip size', 4);
          return undefined;
        }
        if (value === frameMagic) this.#next('descriptor', 1);
        else this.#isBroken = true;
        return bytes;
      case 'skip size':
        this.#next(value === 0 ? 'magic' : 'skip', value === 0 ? magicBytes : value);
        return undefined;
      case 'skip':
        this.#next('magic', magicBytes);
        return undefined;
      case 'descriptor':
        this.#hasChecksum = (value & 4) !== 0;
        this.#next('header', headerBytes(value));
        return undefined;
      case 'header':
        this.#next('block', 3);
        return undefined;
      case 'block':
        this.#isLastBlock = (value & 1) === 1;
        this.#beginContent((value >> 1) & 3, Math.floor(value / 8));
        return undefined;
      case 'content':
        this.#finishBlock();
        return undefined;
      case 'sum':
        this.#next('magic', magicBytes);
        return undefined;
    }
  }

  /** Type 1 repeats one byte; type 3 does not exist. */
  #beginContent(type: number, size: number): void {
    const sizeBytes = type === 1 ? 1 : size;
    if (type === 3) this.#isBroken = true;
    else if (sizeBytes === 0) this.#finishBlock();
    else this.#next('content', sizeBytes);
  }

  #finishBlock(): void {
    if (!this.#isLastBlock) this.#next('block', 3);
    else if (this.#hasChecksum) this.#next('sum', 4);
    else this.#next('magic', magicBytes);
  }

  #next(phase: Phase, sizeBytes: number): void {
    this.#phase = phase;
    this.#left = sizeBytes;
  }
}

function isGathered(phase: Phase): boolean {
  return phase === 'magic' || phase === 'skip size' || phase === 'descriptor' || phase === 'block';
}

/** Window, dictionary and content size, as the descriptor says; never nothing. */
function headerBytes(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const contentSizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  return (isSingleSegment ? 0 : 1) + dictionaryBytes + contentSizeBytes;
}
