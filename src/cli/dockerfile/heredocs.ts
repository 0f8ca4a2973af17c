/** A text that stands below an instruction, up to a line that is its name. */
export interface Heredoc {
  readonly name: string;
  /** `<<-`: tabs may stand before its last line. */
  readonly mayIndent: boolean;
}

/**
 * The heredocs that an instruction begins, in the order of their texts.
 * @param rest  what stands behind the keyword
 * @see moby/buildkit v0.25, frontend/dockerfile/parser/parser.go heredocsFromLine
 */
export function heredocsOf(rest: string, escapeChar: string): Heredoc[] {
  return shellWords(rest, escapeChar).flatMap((word) => {
    const [, dash, quote = '', name = ''] = /^\d*<<(-?)(["']?)([^<"']+)\2$/.exec(word) ?? [];
    if (name === '' || (quote === '' && /[\s\\]/.test(name))) return [];
    return [{ name, mayIndent: dash === '-' }];
  });
}

/** Split at white space outside quotes; the quotes stay. */
function shellWords(text: string, escapeChar: string): string[] {
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
  return word === '' ? words : [...words, word];
}
