import type { Outline } from './outline.ts';

/** What may stand next, and what it does. */
export interface Candidate {
  readonly word: string;
  readonly summary: string;
}

/**
 * Completes the last of the words, which may be empty. Flags are offered once a word begins with `-`;
 * names of images, files and users are left to the shell.
 */
export function complete(root: Outline, words: readonly string[]): readonly Candidate[] {
  const last = words.at(-1) ?? '';
  let at = root;
  for (const word of words.slice(0, -1)) {
    at = at.commands.find(({ name }) => name === word) ?? at;
  }
  const offered = last.startsWith('-')
    ? at.flags.map(({ name, summary }) => ({ word: name, summary }))
    : at.commands.map(({ name, summary }) => ({ word: name, summary }));
  return offered
    .filter(({ word }) => word.startsWith(last))
    .sort((a, b) => (a.word < b.word ? -1 : 1));
}

/** One line each: the word, a tab, what it does. As cobra's programs answer `__complete`. */
export function printedCandidates(candidates: readonly Candidate[]): string {
  return candidates.map(({ word, summary }) => `${word}\t${summary}\n`).join('');
}
