/**
 * Text of a stranger, made safe for a terminal: control characters and those that change the
 * direction of writing are shown as `?`, line breaks as spaces.
 */
export function printable(text: string): string {
  return text.replace(/\s+/gu, ' ').replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu, '?');
}
