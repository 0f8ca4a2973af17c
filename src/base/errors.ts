/**
 * What a folder's `errors.ts` says of one code: the sentence a person reads. It says what happened,
 * then what to do. `{name}` stands for a value of the error's detail.
 */
export interface ErrorSpec {
  readonly message: string;
}

/** Values that explain one error: printable, never secret, never verified unless the code says so. */
export type ErrorDetail = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/**
 * The one base of all errors that we mean to raise. Codes are permanent: programs switch on them.
 * Anything that is not a StoreError is a programming mistake or a broken machine.
 */
export class StoreError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly detail: ErrorDetail;

  constructor(code: Code, message: string, detail: ErrorDetail = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StoreError';
    this.code = code;
    this.detail = detail;
  }
}

/**
 * Makes the error factory of one folder from its table of codes.
 *
 * @example
 * export const tufErrors = { TUF_EXPIRED: { message: '{role} expired at {expiresAt}' } } satisfies Record<string, ErrorSpec>;
 * export const tufError = errorFactory(tufErrors);
 * throw tufError('TUF_EXPIRED', { role: 'timestamp', expiresAt: '2024-01-01T00:00:00Z' });
 */
export function errorFactory<const Table extends Record<string, ErrorSpec>>(table: Table) {
  return function raise<Code extends keyof Table & string>(
    code: Code,
    detail: ErrorDetail = {},
    cause?: unknown,
  ): StoreError<Code> {
    const spec = table[code] as ErrorSpec;
    return new StoreError(code, fillIn(spec.message, detail), detail, cause);
  };
}

/** True for an error that we raised on purpose, with a code. */
export function isStoreError(error: unknown): error is StoreError {
  return error instanceof StoreError;
}

/** The name of what the system refused, such as `ENOENT`; undefined for an error without one. */
export function systemCodeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

function fillIn(message: string, detail: ErrorDetail): string {
  return message.replace(/\{(\w+)\}/g, (hole, name: string) => {
    const value = Object.hasOwn(detail, name) ? detail[name] : undefined;
    if (value === undefined) return hole;
    return Array.isArray(value) ? value.join(', ') : String(value);
  });
}
