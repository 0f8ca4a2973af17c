import {
  arrayOf,
  entriesOf,
  isStoreError,
  optional,
  parseJson,
  stringOf,
} from '../../base/index.ts';

/** What a registry or trust server says in the body of a refusal. A stranger's words. */
export interface RemoteProblem {
  /** Such as `VERSION`; empty when the body is of another form. */
  readonly code: string;
  /** At most 300 printable characters. */
  readonly explanation: string;
}

/**
 * Reads `{"errors":[{"code","message","detail"}]}`, the first of them. Never throws: a body that is
 * something else explains nothing.
 * @see OCI distribution-spec 1.1, "Error Codes"; notary 0.7.0 server/errors
 */
export function parseErrorBody(body: Uint8Array): RemoteProblem {
  try {
    const [first] = arrayOf(entriesOf(parseJson(body), 'body').get('errors'), 'errors');
    const error = entriesOf(first, 'error');
    const code = optional(stringOf, error.get('code'), 'code') ?? '';
    const message = optional(stringOf, error.get('message'), 'message') ?? '';
    const detail = error.get('detail');
    const more = detail === undefined || detail === null ? '' : JSON.stringify(detail);
    const text = [code, message, more === '{}' ? '' : more].filter(Boolean).join(' ');
    return { code, explanation: printableText(text) };
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return { code: '', explanation: '' };
  }
}

/** Control characters could rewrite a terminal. */
function printableText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, ' ').slice(0, 300);
}
