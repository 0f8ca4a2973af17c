/** What a reader may have waiting; one that falls back further goes on when the blob is kept. */
const mostWaitingBytes = 2 * 1024 * 1024;

interface Reader {
  readonly waiting: Uint8Array[];
  waitingBytes: number;
  ended: boolean;
  wake: () => void;
}

/**
 * A blob that is coming in, handed on while it is taken in. Nobody is given its end: whoever reads it
 * here has it from what was verified and kept, or not at all. So no reader takes wrong bytes for the whole,
 * none slows the others down, and little is held in memory.
 */
export class LiveBlob {
  readonly #sizeBytes: number;
  readonly #readers = new Set<Reader>();
  #passedBytes = 0;
  #isOver = false;

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
  }

  /** The bytes, passed on to the readers as they are taken. */
  async *passing(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of bytes) {
      this.#passedBytes += piece.length;
      const isEnd = this.#passedBytes >= this.#sizeBytes;
      for (const reader of this.#readers) {
        if (isEnd || reader.waitingBytes + piece.length > mostWaitingBytes) this.#end(reader);
        else {
          // A reader's pieces are its own, and may be emptied once they are sent; this one goes to the disk
          // meanwhile. No `slice`: that of a Buffer, which is what a socket gives, shares its memory.
          reader.waiting.push(new Uint8Array(piece));
          reader.waitingBytes += piece.length;
          reader.wake();
        }
      }
      yield piece;
    }
  }

  /** No more comes. */
  end(): void {
    this.#isOver = true;
    for (const reader of this.#readers) this.#end(reader);
  }

  /**
   * Bytes from the first on, as far as they can be had here: none when some passed already.
   * @returns how many there were
   */
  async *read(): AsyncGenerator<Uint8Array, number> {
    if (this.#passedBytes > 0 || this.#isOver) return 0;
    const reader: Reader = { waiting: [], waitingBytes: 0, ended: false, wake: () => {} };
    this.#readers.add(reader);
    let readBytes = 0;
    try {
      for (;;) {
        const piece = reader.waiting.shift();
        if (piece) {
          reader.waitingBytes -= piece.length;
          readBytes += piece.length;
          yield piece;
        } else if (reader.ended) return readBytes;
        else {
          await new Promise<void>((wake) => {
            reader.wake = wake;
          });
        }
      }
    } finally {
      this.#readers.delete(reader);
    }
  }

  #end(reader: Reader): void {
    this.#readers.delete(reader);
    reader.ended = true;
    reader.wake();
  }
}
