import type { ImageVerification, Link } from '../../src/client/index.ts';

/**
 * What the demonstration tells: chapters, plain lines, and expectations, of which it remembers
 * whether all held.
 */
export class Story {
  readonly #startedAt = Date.now();
  readonly #print: (line: string) => void;
  #chapters = 0;
  #held = 0;
  readonly #broken: string[] = [];

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  chapter(title: string): void {
    this.#print(`\n${++this.#chapters}. ${title}`);
  }

  say(line: string): void {
    this.#print(`   ${line}`);
  }

  /** Prints whether something that must be so is so. */
  expect(what: string, holds: boolean, found = ''): void {
    if (holds) this.#held++;
    else this.#broken.push(what);
    this.#print(
      `   ${holds ? 'ok  ' : 'FAIL'} ${what}${holds || found === '' ? '' : ` (${found})`}`,
    );
  }

  /** Prints every link of a verification. */
  tell(verification: ImageVerification): void {
    for (const link of verification.links) this.say(lineOf(link));
  }

  /** @returns true when every expectation held */
  end(): boolean {
    const seconds = ((Date.now() - this.#startedAt) / 1000).toFixed(1);
    const broken = this.#broken.length;
    this.#print(
      broken === 0
        ? `\nAll ${this.#held} expectations held, in ${seconds} s.`
        : `\n${broken} of ${this.#held + broken} expectations did not hold, in ${seconds} s.`,
    );
    return broken === 0;
  }
}

/** A digest or key id, as short as people can still compare. */
export function short(text: string): string {
  return text.replace(/^(sha256:)?([0-9a-f]{12})[0-9a-f]{52}$/, '$1$2');
}

function lineOf({ link, subject, ok, by, version, digest, until, reason }: Link): string {
  const head = `${ok ? 'holds ' : 'BROKEN'} ${link.padEnd(10)}`;
  if (reason) return `${head} ${reason.code}: ${reason.message}`;
  const facts = [
    subject === link ? '' : short(subject),
    version === undefined ? '' : `version ${version}`,
    digest === undefined || digest === subject ? '' : `is ${short(digest)}`,
    by.length === 0 ? '' : `signed by ${by.map(signerOf).join(' and ')}`,
    until === undefined ? '' : `until ${until.toISOString().slice(0, 10)}`,
  ];
  return `${head} ${facts.filter(Boolean).join(', ')}`;
}

function signerOf({ role, name, keyIds }: Link['by'][number]): string {
  const keys = keyIds.map(short).join(', ');
  return `${name && name !== role ? `${name} as ` : ''}${role} (key ${keys})`;
}
