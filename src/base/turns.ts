/**
 * So many pieces of work at a time per name, in the order asked. It holds within this process only;
 * between processes the store's version check decides.
 */
export class Turns {
  readonly #atOnce: number;
  readonly #lines = new Map<string, { running: number; readonly waiting: (() => void)[] }>();

  constructor(atOnce = 1) {
    this.#atOnce = atOnce;
  }

  /** Waits for its turn, then does the work. What the work throws is thrown to its caller only. */
  async take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const line = this.#lines.get(name) ?? { running: 0, waiting: [] };
    this.#lines.set(name, line);
    if (line.running < this.#atOnce) line.running++;
    else await new Promise<void>((go) => line.waiting.push(go));
    try {
      return await work();
    } finally {
      // Whoever is next takes the place over: nobody can come in between.
      const next = line.waiting.shift();
      if (next) next();
      else if (--line.running === 0) this.#lines.delete(name);
    }
  }
}
