/**
 * A part of the machine that the store cannot do without, such as its database, does not answer now.
 * What was asked of it may have been done or not.
 *
 * It is no StoreError, and must not become one before the edge: whoever decides about an image or an
 * update takes a StoreError for a verdict, and an outage is none.
 */
export class Unavailable extends Error {
  /** What does not answer, for people: `database`. */
  readonly what: string;

  constructor(what: string, cause: unknown) {
    super(`the ${what} does not answer: ${reasonOf(cause)}`, { cause });
    this.name = 'Unavailable';
    this.what = what;
  }
}

function reasonOf(cause: unknown): string {
  const { message, code } = cause as { message?: unknown; code?: unknown };
  return String(message || code || 'no reason given');
}
