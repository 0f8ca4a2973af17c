/** Shows text line by line, and keeps the last line back. */
export class LinesButLast {
  readonly #show: (text: string) => void;
  #kept = '';

  constructor(show: (text: string) => void) {
    this.#show = show;
  }

  add(text: string): void {
    const all = this.#kept + text;
    const last = all.lastIndexOf('\n', all.length - 2) + 1;
    if (last > 0) this.#show(all.slice(0, last));
    this.#kept = all.slice(last);
  }

  /** Shows what was kept back too. */
  end(): void {
    if (this.#kept !== '') this.#show(this.#kept);
    this.#kept = '';
  }
}
