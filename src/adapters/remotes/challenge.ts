/** One way to log in that a server names in `WWW-Authenticate`. Names are lowercase. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const limitCharacters = 8192;
const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const quoted = /"((?:[^"\\]|\\.)*)"/sy;
const token68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
const space = /[ \t]*/y;

/**
 * Reads the value of `WWW-Authenticate`, several challenges included. A challenge with a token68
 * (`Negotiate abc==`) has no parameters.
 *
 * @param header  the value; several headers joined by commas
 * @returns       undefined when it is not of the form, names a parameter twice, or exceeds 8 KiB
 * @see RFC 9110, "WWW-Authenticate" and "Authentication Scheme"
 */
export function parseChallenges(header: string): Challenge[] | undefined {
  if (header.length > limitCharacters) return undefined;
  const reader = new Reader(header);
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  while (reader.skipCommas()) {
    const name = reader.take(token)?.toLowerCase();
    if (name === undefined) return undefined;
    const value = reader.parameterValue();
    const last = challenges.at(-1)?.parameters;
    if (value === undefined) {
      challenges.push({ scheme: name, parameters: new Map() });
      if (!reader.endOfScheme()) return undefined;
    } else if (value === null || last === undefined || last.has(name)) return undefined;
    else last.set(name, value);
  }
  return challenges;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Steps over commas and white space between elements; false at the end of the text. */
  skipCommas(): boolean {
    while (this.take(space) || this.#text[this.#at] === ',') {
      if (this.#text[this.#at] === ',') this.#at++;
    }
    return this.#at < this.#text.length;
  }

  /** The value after `=`; undefined when there is no `=`, null when no value follows it. */
  parameterValue(): string | null | undefined {
    const start = this.#at;
    this.take(space);
    if (this.#text[this.#at] !== '=') {
      this.#at = start;
      return undefined;
    }
    this.#at++;
    this.take(space);
    const value = this.take(quoted);
    const found =
      value === undefined ? this.take(token) : value.slice(1, -1).replace(/\\(.)/gs, '$1');
    return found !== undefined && this.#isBetweenElements() ? found : null;
  }

  /** Steps over the space and perhaps the token68 after a scheme. */
  endOfScheme(): boolean {
    if (this.#isBetweenElements()) return true;
    if (this.take(space) === '') return false;
    this.take(token68);
    return true;
  }

  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #isBetweenElements(): boolean {
    const rest = this.#text.slice(this.#at).trimStart();
    return rest === '' || rest.startsWith(',');
  }
}
