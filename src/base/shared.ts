/** Work that is under way, by name: who asks for it meanwhile gets its outcome, and it is done once. */
export class Shared {
  readonly #underWay = new Map<string, Promise<unknown>>();

  /** @param name  the same name always stands for work with the same type of outcome */
  once<T>(name: string, work: () => Promise<T>): Promise<T> {
    const known = this.#underWay.get(name) as Promise<T> | undefined;
    if (known) return known;
    const begun = work().finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, begun);
    return begun;
  }
}
