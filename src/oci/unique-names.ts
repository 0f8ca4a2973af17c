import { fromUtf8 } from '../base/index.ts';
import { ociError } from './errors.ts';

/**
 * Refuses JSON in which an object has the same member twice. Parsers disagree on what that means:
 * JavaScript keeps the last, Go decodes the second into what is left of the first.
 *
 * @param bytes  JSON that has been parsed without an error; nothing else is scanned correctly
 * @throws StoreError OCI_MANIFEST_AMBIGUOUS
 */
export function requireUniqueNames(bytes: Uint8Array): void {
  const text = fromUtf8(bytes);
  // One entry for each open bracket: the names seen in an object, undefined for an array.
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '{') open.push(new Set());
    else if (char === '[') open.push(undefined);
    else if (char === '}' || char === ']') open.pop();
    else if (char === '"') {
      const end = endOfString(text, at);
      if (nextToken(text, end) === ':') add(open.at(-1), text.slice(at, end));
      at = end - 1;
    }
  }
}

/** Names are compared as they are meant, not as they are escaped. */
function add(names: Set<string> | undefined, quoted: string): void {
  const name = JSON.parse(quoted) as string;
  if (names?.has(name)) {
    throw ociError('OCI_MANIFEST_AMBIGUOUS', {
      reason: `an object has the member "${name.slice(0, 100)}" twice`,
    });
  }
  names?.add(name);
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function nextToken(text: string, from: number): string | undefined {
  let at = from;
  while (/[ \t\r\n]/.test(text[at] ?? '')) at++;
  return text[at];
}
