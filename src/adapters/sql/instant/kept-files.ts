/** What a kept file costs beside its bytes, about. */
const besideBytes = 600;

/** Something with bytes in it. */
interface WithBytes {
  readonly bytes: Uint8Array;
}

/** Files in memory by name, so many bytes together: those kept longest go first. */
export class KeptFiles<File extends WithBytes> {
  readonly #files = new Map<string, File>();
  readonly #mostBytes: number;
  #bytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get(name: string): File | undefined {
    return this.#files.get(name);
  }

  set(name: string, file: File): void {
    this.delete(name);
    this.#files.set(name, file);
    this.#bytes += costOf(file);
    for (const oldest of this.#files.keys()) {
      if (this.#bytes <= this.#mostBytes) return;
      this.delete(oldest);
    }
  }

  delete(name: string): void {
    const file = this.#files.get(name);
    if (!file) return;
    this.#files.delete(name);
    this.#bytes -= costOf(file);
  }

  clear(): void {
    this.#files.clear();
    this.#bytes = 0;
  }
}

function costOf({ bytes }: WithBytes): number {
  return bytes.length + besideBytes;
}
