import {
  type Copy,
  DockerfileParser,
  type Flag,
  type From,
  type Instruction as Parsed,
  type Run,
} from 'dockerfile-ast';
import { escapeOf, type Instruction, readInTwoWays, splitInstructions } from './instructions.ts';
import { unenforceable } from './unenforceable.ts';

type Range = NonNullable<ReturnType<Parsed['getArgumentsRange']>>;

/** A name in a Dockerfile that can be an image's. */
export interface ImageUse {
  readonly kind: 'from' | 'copy' | 'mount' | 'syntax';
  /** As it is written. */
  readonly name: string;
  readonly range: Range;
  /** From 1, for messages. */
  readonly line: number;
  /** Of `FROM ... AS stage`, in lower case. */
  readonly stage?: string | undefined;
}

export interface DockerfileUses {
  readonly uses: readonly ImageUse[];
  /** `ARG`s before the first stage, as they are written; undefined without a default. */
  readonly defaults: readonly (readonly [name: string, value: string | undefined])[];
}

const keywords =
  /^(ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR)$/;

/**
 * Every name in a Dockerfile that docker would look for an image by. It is read twice, by a parser made
 * for editors and as the engine splits it; a file that the two read differently is refused.
 *
 * @throws StoreError CLI_UNENFORCEABLE with the line
 */
export function imageUses(text: string, builder: 'classic' | 'buildkit'): DockerfileUses {
  // The last is white space to Go alone: newer engines take what stands behind # and it for a directive.
  if (/\r(?!\n)|[\0\u0085]/.test(text)) {
    throw unenforceable(
      'the Dockerfile has a carriage return, NUL or U+0085 inside a line; remove it',
    );
  }
  requireOneEscape(text);
  const file = DockerfileParser.parse(text);
  const parsed = file.getInstructions();
  const split = splitInstructions(text, true);
  requireSame(parsed, split);
  if (builder === 'classic') requireSame(parsed, splitInstructions(text, false));
  const escapeChar = escapeOf(text.split('\n'));
  const uses = parsed.flatMap((each, i) => usesOf(each, split[i] as Instruction, escapeChar));
  const defaults = file.getInitialARGs().flatMap((arg) => {
    const properties = arg.getProperties();
    return properties.map((each) => [each.getName(), each.getValue() ?? undefined] as const);
  });
  return { uses: [...(builder === 'buildkit' ? syntaxUses(text) : []), ...uses], defaults };
}

/** Where it is not the first directive, or after `syntax` alone, engines differ in whether it counts. */
function requireOneEscape(text: string): void {
  const head: string[] = [];
  for (const line of text.split('\n')) {
    if (!/^\s*(#|$)/.test(line)) break;
    head.push(line);
  }
  const at = head.findIndex((line) => /^\s*#\s*escape\s*=/i.test(line));
  if (at < 0) return;
  const isFirst = head.slice(0, at).every((line) => /^#\s*syntax\s*=/i.test(line));
  const isValid = /^#\s*escape\s*=\s*[\\`]\s*$/i.test(head[at] ?? '');
  const isOnly = !head.slice(at + 1).some((line) => /^\s*#\s*escape\s*=/i.test(line));
  if (isFirst && isValid && isOnly) return;
  throw unenforceable(
    `line ${at + 1} of the Dockerfile: write the escape directive once, at the top, as # escape=\` or # escape=\\`,
  );
}

function requireSame(parsed: readonly Parsed[], split: readonly Instruction[]): void {
  const count = Math.max(parsed.length, split.length);
  for (let i = 0; i < count; i++) {
    const [one, other] = [parsed[i], split[i]];
    const line = Math.min(one?.getRange().start.line ?? Infinity, other?.line ?? Infinity) + 1;
    const keyword = one?.getKeyword() ?? '';
    if (one?.getRange().start.line !== other?.line || keyword !== other?.keyword) {
      throw readInTwoWays(line);
    }
    if (keywords.test(keyword)) continue;
    throw unenforceable(`line ${line} of the Dockerfile: ${keyword} is no instruction known here`);
  }
}

function usesOf(parsed: Parsed, split: Instruction, escapeChar: string): ImageUse[] {
  const line = split.line + 1;
  if (!['FROM', 'COPY', 'ADD', 'RUN'].includes(split.keyword)) return [];
  const words = split.rest.split(/[\t\v\f\r ]+/);
  const flagWords = words.slice(
    0,
    words.findIndex((word) => !word.startsWith('--')),
  );
  for (const word of flagWords) {
    const isPlain =
      /^--[a-z][a-z-]*(=|$)/.test(word) && !/["']/.test(word) && !word.includes(escapeChar);
    if (!isPlain) throw ambiguous(line, word);
  }
  const flags = (parsed as Copy | From | Run).getFlags();
  if (flags.map(String).join(' ') !== flagWords.join(' ')) throw ambiguous(line, split.keyword);
  if (split.keyword === 'FROM') return [fromUse(parsed as From, words.slice(flags.length), line)];
  if (split.keyword === 'RUN') return flags.flatMap((flag) => mountUses(flag, line));
  return flags
    .filter((flag) => flag.getName() === 'from')
    .map((flag) => use('copy', flag.getValue(), flag.getValueRange(), line));
}

function fromUse(from: From, words: readonly string[], line: number): ImageUse {
  const [name, as, stage, ...more] = words;
  const isWhole = as === undefined || (as.toLowerCase() === 'as' && stage !== undefined);
  const seen = from.getImage();
  if (!isWhole || more.length > 0 || seen !== name) throw ambiguous(line, 'FROM');
  if ((from.getBuildStage() ?? undefined) !== stage) throw ambiguous(line, 'FROM');
  return { ...use('from', seen, from.getImageRange(), line), stage: stage?.toLowerCase() };
}

function mountUses(flag: Flag, line: number): ImageUse[] {
  if (flag.getName() !== 'mount') return [];
  const fields = (flag.getValue() ?? '').split(',').map((field) => field.split('=')[0] ?? '');
  const named = fields.filter((name) => name.toLowerCase() === 'from').length;
  const options = flag.getOptions().filter((option) => option.getName().toLowerCase() === 'from');
  if (named !== options.length) throw ambiguous(line, '--mount');
  return options.map((option) => use('mount', option.getValue(), option.getValueRange(), line));
}

/** Of the comments at the top, those that name what reads the file; older and newer forms. */
function syntaxUses(text: string): ImageUse[] {
  const found: ImageUse[] = [];
  for (const [line, content] of text.split('\n').entries()) {
    if (!/^\s*(#|\/\/|$)/.test(content)) break;
    const [, before = '', name = ''] =
      /^(\s*(?:#|\/\/)\s*syntax\s*=\s*)(.*?)\s*$/i.exec(content) ?? [];
    if (before === '') continue;
    const start = { line, character: before.length };
    const end = { line, character: before.length + name.length };
    found.push(use('syntax', name, { start, end }, line + 1));
  }
  return found;
}

function use(kind: ImageUse['kind'], name: string | null, range: Range | null, line: number) {
  if (name === null || name === '' || range === null) throw ambiguous(line, kind);
  return { kind, name, range, line };
}

function ambiguous(line: number, what: string) {
  return unenforceable(
    `line ${line} of the Dockerfile: ${what} is written so that its image cannot be told; write it plainly`,
  );
}
