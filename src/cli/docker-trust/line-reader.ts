/** Standard input, read line by line over the whole command. */
export class LineReader implements Disposable {
  readonly #input: () => AsyncIterable<Uint8Array | string>;
  #parts: AsyncIterator<Uint8Array | string> | undefined;
  #waiting = '';

  constructor(input: () => AsyncIterable<Uint8Array | string>) {
    this.#input = input;
  }

  /** @returns undefined when there is nothing left; standard input is not touched before */
  async next(): Promise<string | undefined> {
    this.#parts ??= this.#input()[Symbol.asyncIterator]();
    for (;;) {
      const end = this.#waiting.indexOf('\n');
      if (end >= 0) {
        const line = this.#waiting.slice(0, end);
        this.#waiting = this.#waiting.slice(end + 1);
        return line;
      }
      const part = await this.#parts.next();
      if (part.done) {
        const last = this.#waiting;
        this.#waiting = '';
        return last === '' ? undefined : last;
      }
      this.#waiting += Buffer.from(part.value as Uint8Array).toString('utf8');
    }
  }

  /** A terminal that was read from would keep the process waiting for more. */
  [Symbol.dispose](): void {
    void this.#parts?.return?.();
  }
}
