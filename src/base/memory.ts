/** Values that hold for a while. Of too many the oldest are forgotten: then they are found out anew. */
export class Memory<T> {
  readonly #limit: number;
  readonly #weightOf: (value: T) => number;
  readonly #kept = new Map<string, { readonly value: T; readonly until: number }>();
  #weight = 0;

  /**
   * @param limit  how many values are kept, or how much they weigh together
   * @param weightOf  the weight of a value, always the same; 1 unless told
   */
  constructor(limit = 10_000, weightOf: (value: T) => number = () => 1) {
    this.#limit = limit;
    this.#weightOf = weightOf;
  }

  get(key: string, now: Date): T | undefined {
    return this.has(key, now) ? this.#kept.get(key)?.value : undefined;
  }

  has(key: string, now: Date): boolean {
    return (this.#kept.get(key)?.until ?? 0) > now.getTime();
  }

  /** One value alone is kept however much it weighs. */
  set(key: string, value: T, now: Date, forMs: number): void {
    this.#forget(key);
    const weight = this.#weightOf(value);
    for (const oldest of this.#kept.keys()) {
      if (this.#weight + weight <= this.#limit) break;
      this.#forget(oldest);
    }
    this.#kept.set(key, { value, until: now.getTime() + forMs });
    this.#weight += weight;
  }

  #forget(key: string): void {
    const known = this.#kept.get(key);
    if (!known) return;
    this.#kept.delete(key);
    this.#weight -= this.#weightOf(known.value);
  }
}
