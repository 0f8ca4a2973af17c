/**
 * A text as a shell takes it for one word. GUNs are strangers' texts, and they stand in commands that
 * people are told to type as they are.
 */
export function shellWord(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
