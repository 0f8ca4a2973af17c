import { printable } from './printable.ts';

/**
 * Rows under headings, columns aligned, two spaces apart; the last column is as long as it is.
 * Cells are made printable.
 */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [headings, ...rows.map((row) => row.map(printable))];
  const widths = headings.map((_, column) =>
    Math.max(...cells.map((row) => [...(row[column] ?? '')].length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - [...cell].length))
      .join('  ')
      .trimEnd();
  return `${cells.map(line).join('\n')}\n`;
}

/** `2026-11-21 10:00:00Z` of an RFC 3339 instant, whatever follows the seconds. */
export function instant(text: string): string {
  return printable(text)
    .replace('T', ' ')
    .replace(/(\.\d+)?Z$/, 'Z');
}
