/**
 * Equal reads at the same time share one query, and nobody gets an older answer for it: a query
 * serves those who asked before it began, never those who came later. Whoever comes while one is
 * under way waits for the next, together with all who come until that one begins.
 *
 * Nothing is kept: without a reader there is no answer to grow old.
 */
export class FreshReads<T> {
  readonly #lines = new Map<string, Line<T>>();

  /**
   * @param name   reads of one name are equal
   * @param query  is asked once for all who wait
   * @returns what a query gave that began after this call; all who share it share what it throws
   */
  read(name: string, query: () => Promise<T>): Promise<T> {
    const line = this.#lines.get(name);
    if (line) {
      line.next ??= line.running.then(() => this.#begin(name, query));
      return line.next;
    }
    return this.#begin(name, query);
  }

  #begin(name: string, query: () => Promise<T>): Promise<T> {
    const answer = query();
    // Those who wait for the next go on when this one has ended, however it has.
    const running = answer.then(ignore, ignore);
    const line: Line<T> = { running, next: undefined };
    this.#lines.set(name, line);
    running.then(() => {
      if (line.next === undefined) this.#lines.delete(name);
    });
    return answer;
  }
}

interface Line<T> {
  /** Fulfilled when the query that is under way has ended. */
  readonly running: Promise<void>;
  /** The query after that, which has not begun. */
  next: Promise<T> | undefined;
}

function ignore(): void {}
