import { version } from '../version.ts';
import type { Outline } from './outline.ts';

/**
 * The manual pages of a command and of those below it, by file name.
 * @param date    of the pages, `2026-11-21`
 * @param before  what stands before its name: `docker` before `trust`
 */
export function manPages(
  root: Outline,
  date: string,
  before: readonly string[] = [],
): ReadonlyMap<string, string> {
  return new Map(pagesBelow(root, [...before, root.name], date));
}

function* pagesBelow(
  outline: Outline,
  path: readonly string[],
  date: string,
): Generator<[file: string, page: string]> {
  yield [`${path.join('-')}.1`, page(outline, path, date)];
  for (const child of outline.commands) yield* pagesBelow(child, [...path, child.name], date);
}

function page(outline: Outline, path: readonly string[], date: string): string {
  const { summary, synopsis, takes, flags, commands } = outline;
  const name = path.join('-');
  const parent = path.slice(0, -1).join('-');
  const also = [...(parent ? [parent] : []), ...commands.map((child) => `${name}-${child.name}`)];
  return [
    `.TH "${roff(name.toUpperCase())}" 1 "${date}" "Countermark ${version}"`,
    ...['.SH NAME', `${roff(name)} \\- ${roff(summary)}`],
    ...['.SH SYNOPSIS', `.B ${roff(path.join(' '))}`, roff(synopsis)],
    ...section(
      'ARGUMENTS',
      takes.map((each) => [each.name, each.summary] as const),
    ),
    ...section(
      'COMMANDS',
      commands.map((child) => [child.name, child.summary] as const),
    ),
    ...section(
      'OPTIONS',
      flags.map((flag) => [flag.written, flag.summary] as const),
    ),
    ...(also.length === 0
      ? []
      : ['.SH SEE ALSO', roff(also.map((each) => `${each}(1)`).join(', '))]),
    '',
  ].join('\n');
}

function section(title: string, rows: readonly (readonly [string, string])[]): string[] {
  if (rows.length === 0) return [];
  const lines = rows.flatMap(([term, text]) => ['.TP', `.B ${roff(term)}`, roff(text || term)]);
  return [`.SH ${title}`, ...lines];
}

/** As text in a line of its own: nothing in it is a request, an escape or a hyphen. */
function roff(text: string): string {
  const escaped = text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('"', '\\(dq');
  return escaped.replace(/^[.']/, '\\&$&').replace(/\s+/g, ' ');
}
