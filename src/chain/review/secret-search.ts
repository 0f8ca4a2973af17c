import { findSecrets, longestSecret } from './secret-patterns.ts';

/** One kind of secret in one file. */
export interface FoundSecret {
  readonly kind: string;
  /** Of the first, in bytes from the start of the file. */
  readonly offset: number;
  /** Of the first, from 1; undefined in a file too long to count. */
  readonly line: number | undefined;
  /** How many of them. */
  readonly count: number;
  /** It stands in a compiled program or library. */
  readonly inProgram: boolean;
}

const elf = Buffer.from('\x7fELF', 'latin1');
const archive = Buffer.from('!<arch>\n', 'latin1');
const windowBytes = 128 * 1024;

/**
 * Searches one file for secrets as its bytes pass, in windows that overlap, so that no cut hides
 * one. Bytes are read as Latin-1: secrets are ASCII, and so is an offset in characters one in bytes.
 */
export class SecretSearch {
  readonly #limitBytes: number;
  readonly #found = new Map<string, FoundSecret>();
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** Where the waiting bytes begin. */
  #start = 0;
  #passed = 0;
  #isProgram = false;

  /** @param limitBytes  how much of the file is searched */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** True when the file was longer than what is searched. */
  get isCutShort(): boolean {
    return this.#passed > this.#limitBytes;
  }

  /** @param chunk  copied where it has to wait */
  add(chunk: Uint8Array): void {
    const left = Math.max(0, this.#limitBytes - this.#passed);
    this.#passed += chunk.length;
    if (left === 0) return;
    const used = Buffer.from(chunk.subarray(0, left));
    this.#waiting.push(used);
    this.#waitingBytes += used.length;
    if (this.#waitingBytes >= windowBytes) this.#search(false);
  }

  /** Call once, when all bytes have passed. */
  end(): readonly FoundSecret[] {
    this.#search(true);
    return [...this.#found.values()];
  }

  /** A hit in what stays for the next window is counted there. */
  #search(isLast: boolean): void {
    const bytes = this.#waiting.length === 1 ? this.#waiting[0] : Buffer.concat(this.#waiting);
    if (!bytes || bytes.length === 0) return;
    if (this.#start === 0) this.#isProgram = isProgram(bytes);
    const text = bytes.toString('latin1');
    const searched = isLast ? text.length : Math.max(0, text.length - longestSecret);
    for (const { kind, offset } of findSecrets(text)) {
      if (offset < searched) this.#note(kind, this.#start + offset, text);
    }
    const rest = bytes.subarray(searched);
    this.#start += searched;
    this.#waiting = [Buffer.from(rest)];
    this.#waitingBytes = rest.length;
  }

  #note(kind: string, offset: number, text: string): void {
    const known = this.#found.get(kind);
    const line = this.#start === 0 ? lineAt(text, offset) : undefined;
    const first = known ?? { kind, offset, line, count: 0, inProgram: this.#isProgram };
    this.#found.set(kind, { ...first, count: first.count + 1 });
  }
}

function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

/** ELF, or an archive of object files. */
function isProgram(start: Buffer): boolean {
  return start.subarray(0, 4).equals(elf) || start.subarray(0, 8).equals(archive);
}
