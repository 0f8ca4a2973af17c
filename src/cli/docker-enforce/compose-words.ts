import { type ParsedFlags, parseFlags } from '../docker-trust/parse-flags.ts';
import { unenforceable } from '../dockerfile/unenforceable.ts';
import { composeCommandFlags } from './flag-tables.ts';

/** What the words behind a command say of services. */
export interface NamedServices {
  /** Those that are named, none of them for all; every one that could be, where it is not certain. */
  readonly services: readonly string[];
  /** False where a word could as well be the value of a flag that nobody here knows. */
  readonly isCertain: boolean;
}

/**
 * The services that a command is about.
 * @param names  of every service of the project
 */
export function namedServices(
  command: string,
  words: readonly string[],
  names: readonly string[],
): NamedServices {
  const parsed = parseWords(command, words);
  const isCertain = parsed.kind === 'parsed';
  const args = isCertain ? parsed.args : words;
  const own = command === 'run' && isCertain ? args.slice(0, 1) : args;
  const told = new Set(command === 'scale' ? own.map((arg) => arg.replace(/=.*/s, '')) : own);
  const services = names.filter((name) => told.has(name));
  return { services, isCertain: isCertain || services.length === 0 };
}

/** Behind `run` and its service stand the words of a container. */
function parseWords(command: string, words: readonly string[]): ParsedFlags {
  return parseFlags(words, composeCommandFlags.get(command) ?? [], command !== 'run');
}

/** Whether the words behind a command ask for its help; of `run` only those before the service do. */
export function asksForHelp(command: string, words: readonly string[]): boolean {
  if (command === 'run') return parseWords(command, words).kind === 'help';
  return words.some((word) => word === '--help' || word === '-h');
}

/**
 * What `--build-arg` gives, undefined without a value.
 * @throws StoreError CLI_UNENFORCEABLE for words that nobody here can read, and what would be pushed unsigned
 */
export function buildArgsOf(
  command: string,
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<string, string | undefined> {
  const args = new Map<string, string | undefined>();
  if (command !== 'build') return args;
  const parsed = parseWords(command, words);
  if (parsed.kind !== 'parsed') {
    const reason = parsed.kind === 'mistaken' ? parsed.reason : 'help is asked for';
    throw unenforceable(`what is built depends on words nobody here knows: ${reason}`);
  }
  if (parsed.flags.isOn('push')) {
    throw unenforceable('compose would push without signing; push each image with docker push');
  }
  for (const each of parsed.flags.list('build-arg')) {
    const at = each.indexOf('=');
    if (at < 0) args.set(each, env[each]);
    else args.set(each.slice(0, at), each.slice(at + 1));
  }
  return args;
}

/**
 * Refuses what would keep compose from building a service: it would come from a registry, where nobody signed
 * it, or be what the engine happens to have under its name.
 *
 * @param built  services that are built
 * @throws StoreError CLI_UNENFORCEABLE
 */
export function refuseUnbuilt(
  command: string,
  words: readonly string[],
  { built, named }: { readonly built: readonly string[]; readonly named: NamedServices },
): void {
  const left = command === 'create' ? leftOut(built, named) : [];
  const unbuilt = command === 'scale' || command === 'start' ? built : left;
  if (unbuilt.length > 0) {
    throw unenforceable(
      `compose ${command} would not build ${unbuilt.join(', ')}, and take what the engine has for it; say up`,
    );
  }
  // Of build it says that base images are to be pulled, which have digests by now.
  if (command === 'build' || built.length === 0) return;
  // Compose 1 takes the beginning of a flag for the flag.
  const overrules = /^--(pull|policy|no-b(u(i(ld?)?)?)?|no-up)(=|$)/;
  const word = ownWords(command, words).find((each) => overrules.test(each));
  if (word === undefined) return;
  throw unenforceable(
    `${word} would take what is built (${built.join(', ')}) from a registry, where nobody signed it; leave it out`,
  );
}

function leftOut(built: readonly string[], { services, isCertain }: NamedServices) {
  if (services.length === 0) return [];
  return isCertain ? built.filter((name) => !services.includes(name)) : built;
}

/** Without those of a container. What cannot be told apart could all be compose's. */
function ownWords(command: string, words: readonly string[]): readonly string[] {
  if (command !== 'run') return words;
  const parsed = parseWords(command, words);
  return parsed.kind === 'parsed' ? words.slice(0, parsed.end) : words;
}
