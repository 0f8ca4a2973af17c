import {
  type FlagSpec,
  type Flags,
  type ParsedFlags,
  parseFlags,
} from '../docker-trust/parse-flags.ts';
import { trustFlag } from './content-trust.ts';
import type { EnforcedCommand } from './enforced-command.ts';

/** What is said of `--` before a command. */
export const misreadDashes =
  'leave out -- before a command: docker could take the next word for its value';

/**
 * The words of one command, whose arguments can be replaced where they stand: everything else
 * reaches docker as it was typed.
 */
export class CommandLine {
  readonly flags: Flags;
  readonly args: readonly string[];
  readonly #words: readonly string[];
  readonly #parsed: ParsedFlags & { kind: 'parsed' };

  constructor(words: readonly string[], parsed: ParsedFlags & { kind: 'parsed' }) {
    this.#words = words;
    this.#parsed = parsed;
    this.flags = parsed.flags;
    this.args = parsed.args;
  }

  /** Every word. */
  asTyped(): readonly string[] {
    return this.#words;
  }

  /**
   * Why docker could take a later argument than the first one for the command behind these flags; undefined when
   * it could not. To find a command docker reads them more simply than to obey them.
   * @see spf13/cobra 1.10, command.go Traverse
   */
  misreadBeforeCommand(): string | undefined {
    const { end, spans } = this.#parsed;
    for (const { from, to, name } of spans.filter((span) => span.from < end)) {
      const [flag = '', value = ''] = this.#words.slice(from, to);
      if (name === '') return `write each flag of ${flag} as a word of its own`;
      if (/^-./.test(value)) {
        return `write ${flag}=${value}: docker could take the command for the value`;
      }
    }
    return this.#words[end] === '--' ? misreadDashes : undefined;
  }

  /** The flags before the first argument. */
  beforeArguments(): readonly string[] {
    return this.#leaveOut(this.#words.slice(0, this.#parsed.end), [trustFlag]);
  }

  /**
   * The words with the first argument replaced, and without the flag that docker has dropped or will.
   * @param without  more flags that are left out, by their long names
   */
  withArgument(argument: string, without: readonly string[] = []): string[] {
    const at = this.#parsed.positions[0];
    const words = this.#words.map((word, i) => (i === at ? argument : word));
    return this.#leaveOut(words, [trustFlag, ...without]);
  }

  /**
   * The words with flags behind all others, so that they win.
   * @param without  flags that are left out, by their long names
   * @param args     in place of the first ones; those that are more than there were stand last
   */
  withFlags(
    added: readonly string[],
    without: readonly string[],
    args: readonly string[] = [],
  ): string[] {
    const { end, positions } = this.#parsed;
    const words = [...this.#words];
    for (const [i, argument] of args.entries()) words[positions[i] ?? words.length] = argument;
    return this.#leaveOut(
      [...words.slice(0, end), ...added, ...words.slice(end)],
      [trustFlag, ...without],
    );
  }

  #leaveOut(words: readonly string[], names: readonly string[]): string[] {
    const left = this.#parsed.spans.filter((span) => names.includes(span.name));
    return words.filter((_, i) => !left.some(({ from, to }) => from <= i && i < to));
  }
}

/**
 * The words as a command line; docker's sentence when they are none; `help` when it is asked for.
 *
 * A flag that only a newer docker knows is let through as `--flag=value`. Otherwise nobody could
 * tell whether the next word is its value or the image, and it is a mistake.
 */
export function readCommandLine(
  { flags, interspersed }: Pick<EnforcedCommand, 'flags' | 'interspersed'>,
  words: readonly string[],
): CommandLine | 'help' | { readonly mistake: string } {
  const parsed = parseFlags(words, [...flags, ...assigned(words, flags)], interspersed);
  if (parsed.kind === 'help') return 'help';
  if (parsed.kind === 'mistaken') return { mistake: parsed.reason };
  return new CommandLine(words, parsed);
}

function assigned(words: readonly string[], known: readonly FlagSpec[]): FlagSpec[] {
  const names = words.flatMap((word) => /^--([a-z][a-z0-9-]*)=/.exec(word)?.[1] ?? []);
  const unknown = names.filter((name) => {
    return !known.some((flag) => flag.name === name) && !words.includes(`--${name}`);
  });
  return unknown.filter((name) => name !== 'help').map((name) => ({ name, kind: 'list' }));
}
