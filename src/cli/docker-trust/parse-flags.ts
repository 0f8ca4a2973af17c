/** A flag: `--name`, and `-s` where it has a short form. */
export interface FlagSpec {
  readonly name: string;
  readonly short?: string;
  readonly kind: 'boolean' | 'text' | 'list';
}

/** What was given, by name; later ones win, of a list all are kept. */
export class Flags {
  readonly #values = new Map<string, string[]>();

  add(name: string, value: string): void {
    this.#values.set(name, [...this.list(name), value]);
  }

  isOn(name: string): boolean {
    return this.text(name) === 'true';
  }

  text(name: string): string | undefined {
    return this.list(name).at(-1);
  }

  list(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }
}

export interface FlagSpan {
  readonly from: number;
  readonly to: number;
  readonly name: string;
}

export type ParsedFlags =
  | {
      readonly kind: 'parsed';
      readonly args: readonly string[];
      readonly flags: Flags;
      /** Where among the words each argument stands. */
      readonly positions: readonly number[];
      /**
       * Where flags stand, each with its value: from this word up to, but not with, that one. The
       * name is the long one, and empty for joined short ones.
       */
      readonly spans: readonly FlagSpan[];
      /** Before this word the last flag may stand. */
      readonly end: number;
    }
  | { readonly kind: 'help' }
  /** With docker's sentence. */
  | { readonly kind: 'mistaken'; readonly reason: string };

/** Every command of docker's has it, whether or not it says so; `-h` means it where nothing else has it. */
const helpFlag: FlagSpec = { name: 'help', short: 'h', kind: 'boolean' };

/** The flag that a word names, `--name` or `-s`, alone. */
export function flagNamed(word: string, specs: readonly FlagSpec[]): FlagSpec | undefined {
  return [...specs, helpFlag].find(
    ({ name, short }) => word === `--${name}` || word === `-${short}`,
  );
}

const trueWords = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const falseWords = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/**
 * Splits arguments and flags as docker does: flags may stand anywhere, `--` ends them, values
 * follow after `=` or as the next argument, short ones can be joined.
 *
 * @param interspersed  false: the first argument ends the flags (docker's global ones)
 * @param flags         what was given before; what is found is added to it
 * @see spf13/pflag 1.0, flag.go parseArgs
 */
export function parseFlags(
  words: readonly string[],
  specs: readonly FlagSpec[],
  interspersed = true,
  flags = new Flags(),
): ParsedFlags {
  const args: string[] = [];
  const positions: number[] = [];
  const spans: FlagSpan[] = [];
  let end = words.length;
  const rest = [...words];
  const keepRest = () => {
    positions.push(...rest.map((_, i) => words.length - rest.length + i));
    args.push(...rest);
  };
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const from = words.length - rest.length - 1;
    if (word === '--') {
      end = from;
      keepRest();
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      args.push(word);
      positions.push(from);
      if (interspersed) continue;
      end = from;
      keepRest();
      break;
    }
    const reason = word.startsWith('--')
      ? readLong(word, rest, specs, flags)
      : readShort(word, rest, specs, flags);
    if (reason !== undefined) return { kind: 'mistaken', reason };
    spans.push({ from, to: words.length - rest.length, name: nameOf(word, specs) });
  }
  // The last one counts: `--help=false` takes an earlier one back, and docker goes to work.
  if (flags.isOn(helpFlag.name)) return { kind: 'help' };
  return { kind: 'parsed', args, flags, positions, spans, end };
}

function nameOf(word: string, specs: readonly FlagSpec[]): string {
  if (word.startsWith('--')) return word.slice(2).replace(/=.*$/s, '');
  const spec = flagNamed(word.slice(0, 2), specs);
  return spec && (spec.kind !== 'boolean' || /^..(=.+)?$/s.test(word)) ? spec.name : '';
}

function readLong(word: string, rest: string[], specs: readonly FlagSpec[], flags: Flags) {
  const at = word.indexOf('=');
  const name = word.slice(2, at < 0 ? undefined : at);
  const given = at < 0 ? undefined : word.slice(at + 1);
  if (name === '' || name.startsWith('-')) return `bad flag syntax: ${word}`;
  const spec = flagNamed(`--${name}`, specs);
  if (!spec) return `unknown flag: --${name}`;
  const value = given ?? (spec.kind === 'boolean' ? 'true' : rest.shift());
  if (value === undefined) return `flag needs an argument: --${name}`;
  return keep(spec, value, flags);
}

function readShort(word: string, rest: string[], specs: readonly FlagSpec[], flags: Flags) {
  for (let letters = word.slice(1); letters !== ''; ) {
    const letter = letters.slice(0, 1);
    const spec = flagNamed(`-${letter}`, specs);
    if (!spec) {
      return `unknown shorthand flag: '${letter.replace(/['\\]/, '\\$&')}' in -${letters}`;
    }
    letters = letters.slice(1);
    const isAssigned = letters.length > 1 && letters.startsWith('=');
    if (spec.kind === 'boolean' && !isAssigned) {
      flags.add(spec.name, 'true');
      continue;
    }
    const value = letters === '' ? rest.shift() : letters.slice(isAssigned ? 1 : 0);
    if (value === undefined) return `flag needs an argument: '${letter}' in -${letter}`;
    return keep(spec, value, flags);
  }
  return undefined;
}

function keep(spec: FlagSpec, value: string, flags: Flags): string | undefined {
  if (spec.kind !== 'boolean') {
    flags.add(spec.name, value);
    return undefined;
  }
  if (!trueWords.has(value) && !falseWords.has(value)) {
    const name =
      spec.short && spec !== helpFlag ? `-${spec.short}, --${spec.name}` : `--${spec.name}`;
    const quoted = JSON.stringify(value);
    return `invalid argument ${quoted} for "${name}" flag: strconv.ParseBool: parsing ${quoted}: invalid syntax`;
  }
  flags.add(spec.name, String(trueWords.has(value)));
  return undefined;
}
