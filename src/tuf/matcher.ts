/** What Go's JSON writer escapes. */
const unsafe = /[<>&\u2028\u2029]/;

/**
 * Compares what Go would write, piece by piece, with what was received. After the first difference
 * it only counts it, so that no crafted file makes it search twice.
 */
export class Matcher {
  readonly #received: string;
  #at = 0;
  #difference: number | undefined;

  constructor(received: string) {
    this.#received = received;
  }

  write(text: string): void {
    if (this.#difference !== undefined) return;
    if (this.#received.startsWith(text, this.#at)) this.#at += text.length;
    else this.#difference = this.#at + commonLength(text, this.#received, this.#at);
  }

  /** A `custom` value, which Go copies: any JSON that is compact and escaped already. */
  passCustom(): void {
    if (this.#difference !== undefined) return;
    const end = compactValueEnd(this.#received, this.#at);
    if (end === undefined) this.#difference = this.#at;
    else this.#at = end;
  }

  firstDifference(): number | undefined {
    return this.#difference ?? (this.#at === this.#received.length ? undefined : this.#at);
  }
}

function commonLength(text: string, received: string, from: number): number {
  let length = 0;
  while (length < text.length && text[length] === received[from + length]) length++;
  return length;
}

/** Where the JSON value that starts here ends; undefined when Go would copy it differently. */
function compactValueEnd(json: string, start: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let at = start; at < json.length; at++) {
    const char = json[at] as string;
    if (unsafe.test(char)) return undefined;
    if (inString) {
      if (char === '\\') at++;
      else if (char === '"') inString = false;
    } else if (/\s/.test(char)) {
      return undefined;
    } else if (char === '"') {
      inString = true;
    } else if (char === '{' || char === '[') {
      depth++;
    } else if (char === '}' || char === ']' || char === ',') {
      if (depth === 0) return at;
      if (char !== ',') depth--;
    }
  }
  return undefined;
}
