/** Values that hold for a while. Of too many the oldest are forgotten: then they are found out anew. */
export class Memory<T> {
  readonly #limit: number;
  readonly #kept = new Map<string, { readonly value: T; readonly until: number }>();

  constructor(limit = 10_000) {
    this.#limit = limit;
  }

  get(key: string, now: Date): T | undefined {
    return this.has(key, now) ? this.#kept.get(key)?.value : undefined;
  }

  has(key: string, now: Date): boolean {
    return (this.#kept.get(key)?.until ?? 0) > now.getTime();
  }

  set(key: string, value: T, now: Date, forMs: number): void {
    this.#kept.delete(key);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < this.#limit) break;
      this.#kept.delete(oldest);
    }
    this.#kept.set(key, { value, until: now.getTime() + forMs });
  }
}
