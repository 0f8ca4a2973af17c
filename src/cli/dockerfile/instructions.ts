import type { StoreError } from '../../base/index.ts';
import { heredocsOf } from './heredocs.ts';
import { unenforceable } from './unenforceable.ts';

/** One instruction, as the engine's parser puts it together. */
export interface Instruction {
  /** Where it begins and ends, from 0. */
  readonly line: number;
  readonly lastLine: number;
  /** In capitals. */
  readonly keyword: string;
  /** What stands behind the keyword, on one line. */
  readonly rest: string;
}

interface Continued {
  readonly text: string;
  readonly lastLine: number;
}

/**
 * Splits a Dockerfile into instructions exactly as the engine does: its white space, its
 * continuations, comments and empty lines inside them. It is what a parser that is kept for editors is
 * held against: where two readers see two Dockerfiles, somebody may have meant only one of them to.
 *
 * @throws StoreError CLI_UNENFORCEABLE for what may be a heredoc, or not
 * @param withHeredocs  false for classic builders of before docker 23, which know none
 * @see moby/buildkit v0.25, frontend/dockerfile/parser/parser.go Parse
 */
export function splitInstructions(text: string, withHeredocs: boolean): Instruction[] {
  const lines = text.split('\n').map((line) => line.replace(/[\r\n]+$/, ''));
  const escapeChar = escapeOf(lines);
  const found: Instruction[] = [];
  for (let line = 0; line < lines.length; line++) {
    const first = trimStart(lines[line] ?? '');
    if (first === '' || first.startsWith('#')) continue;
    const { text: whole, lastLine } = continued(lines, line, first, escapeChar);
    const [, word = '', rest = ''] = /^([^\t\v\f\r ]+)[\t\v\f\r ]*(.*)$/s.exec(trim(whole)) ?? [];
    const keyword = word.toUpperCase();
    const heredocs = withHeredocs && mayHold(keyword, rest) ? heredocsOf(rest, escapeChar) : [];
    if (!heredocs) throw readInTwoWays(line + 1);
    let last = lastLine;
    for (const { name, mayIndent } of heredocs) {
      do last++;
      while (last < lines.length && !isEnd(lines[last] ?? '', name, mayIndent));
    }
    if (word !== '') found.push({ line, lastLine: last, keyword, rest: trim(rest) });
    line = last;
  }
  return found;
}

/** @param line  from 1 */
export function readInTwoWays(line: number): StoreError {
  return unenforceable(
    `line ${line} of the Dockerfile can be read in two ways; write its instructions more plainly`,
  );
}

/** The character that joins lines, as the directive at the top says: \ or `. */
export function escapeOf(lines: readonly string[]): string {
  for (const line of lines) {
    const [, name = '', value = ''] =
      /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/.exec(trimStart(line)) ?? [];
    if (name === '') break;
    if (name.toLowerCase() === 'escape') return value === '`' ? '`' : '\\';
    // Newer engines know more directives than older ones, which end here.
    if (name.toLowerCase() !== 'syntax') break;
  }
  return '\\';
}

function continued(
  lines: readonly string[],
  begin: number,
  first: string,
  escapeChar: string,
): Continued {
  const ending = escapeChar === '`' ? /`[ \t]*$/ : /\\[ \t]*$/;
  let text = first;
  let line = begin;
  let isOpen = ending.test(text);
  text = text.replace(ending, '');
  while (isOpen && line + 1 < lines.length) {
    const next = lines[++line] ?? '';
    const bare = trimStart(next);
    if (bare === '' || bare.startsWith('#')) continue;
    isOpen = ending.test(next);
    text += next.replace(ending, '');
  }
  return { text, lastLine: line };
}

function mayHold(keyword: string, rest: string): boolean {
  const [word = ''] = rest.split(/[\t\v\f\r ]+/);
  const command = keyword === 'ONBUILD' ? word.toUpperCase() : keyword;
  return ['ADD', 'COPY', 'RUN'].includes(command);
}

function isEnd(line: string, name: string, mayIndent: boolean): boolean {
  return (mayIndent ? line.replace(/^\t+/, '') : line) === name;
}

/** What Go's unicode.IsSpace calls space. */
const space =
  '[\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const leading = new RegExp(`^${space}+`);
const trailing = new RegExp(`${space}+$`);

function trimStart(text: string): string {
  return text.replace(leading, '');
}

function trim(text: string): string {
  return trimStart(text).replace(trailing, '');
}
