/** A text that stands below an instruction, up to a line that is its name. */
export interface Heredoc {
  readonly name: string;
  /** `<<-`: tabs may stand before its last line. */
  readonly mayIndent: boolean;
}

/**
 * The heredocs that an instruction begins, in the order of their texts. Engines split the line as a
 * shell does, each version in its own way, and one that cannot sees no heredoc at all; so only a line
 * that all of them split in the same way is told.
 *
 * @param rest  what stands behind the keyword
 * @returns undefined for a line that may begin one, or none
 * @see moby/buildkit v0.25, frontend/dockerfile/parser/parser.go heredocsFromLine
 */
export function heredocsOf(rest: string, escapeChar: string): Heredoc[] | undefined {
  if (!rest.includes('<<')) return [];
  const { words, isOpen } = shellWords(rest, escapeChar);
  const begun = words.filter((word) => /^\d*<<(?!<)/.test(word));
  const found = begun.flatMap((word): Heredoc[] => {
    const [, dash, , name = ''] = /^\d*<<(-?)(["']?)([\w.-]+)\2$/.exec(word) ?? [];
    return name === '' ? [] : [{ name, mayIndent: dash === '-' }];
  });
  // Heredocs are split by backslashes, whatever the escape directive says.
  const isUnclear = isOpen || rest.includes('${') || (escapeChar !== '\\' && /[\\`]/.test(rest));
  return found.length < begun.length || isUnclear ? undefined : found;
}

/** Split at white space outside quotes; the quotes stay. Open: one of them does not end. */
function shellWords(text: string, escapeChar: string): { words: string[]; isOpen: boolean } {
  const words: string[] = [];
  let word = '';
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === escapeChar && quote !== "'") {
      word += char + text.charAt(++i);
    } else if (quote === '' && /\s/.test(char)) {
      if (word !== '') words.push(word);
      word = '';
    } else {
      if (quote === char) quote = '';
      else if (quote === '' && /["']/.test(char)) quote = char;
      word += char;
    }
  }
  return { words: word === '' ? words : [...words, word], isOpen: quote !== '' };
}
