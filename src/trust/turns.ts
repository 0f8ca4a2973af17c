/**
 * One piece of work at a time per name, in the order asked. It holds within this process only;
 * between processes the store's version check decides.
 */
export class Turns {
  /** The end of the last piece of work by name; never rejects. */
  readonly #last = new Map<string, Promise<void>>();

  /** Waits for its turn, then does the work. What the work throws is thrown to its caller only. */
  async take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name) ?? Promise.resolve();
    const result = before.then(work);
    const end = result.then(
      () => {},
      () => {},
    );
    this.#last.set(name, end);
    try {
      return await result;
    } finally {
      if (this.#last.get(name) === end) this.#last.delete(name);
    }
  }
}
