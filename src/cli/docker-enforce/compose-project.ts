import { isStoreError } from '../../base/index.ts';
import { unenforceable } from '../dockerfile/unenforceable.ts';
import type { CommandLine } from './command-line.ts';
import { type NamedServices, namedServices } from './compose-words.ts';
import type { EnforceContext } from './enforced-command.ts';
import { readStandardInput } from './read-dockerfile.ts';

/** A project as compose tells it. */
export interface ResolvedProject {
  /** YAML as `compose config` prints it: resolved, with absolute paths. */
  readonly text: string;
  /** Compose 1, which knows no pull policies. */
  readonly isOld: boolean;
  /** Every service of every profile, whether or not it is in the text. */
  readonly names: readonly string[];
  readonly named: NamedServices;
}

/** By this one compose is told to read no project from a registry. */
const registryProjects = 'COMPOSE_EXPERIMENTAL_OCI_REMOTE';

const nothingNamed: NamedServices = { services: [], isCertain: true };

type Ask = (words: readonly string[], warn?: (text: string) => void) => Promise<string>;

/**
 * The project of a command, resolved by compose itself: of what the command names, and what that needs; of
 * every service whose profile is asked for when it names none; of both where nobody can tell what it names.
 *
 * @throws StoreError DOCKER_FAILED in compose's words; CLI_UNENFORCEABLE for a project in a registry
 */
export async function resolveProject(
  { world, docker, path }: EnforceContext,
  line: CommandLine,
): Promise<ResolvedProject> {
  const isPiped = line.flags.list('file').includes('-');
  const input = isPiped ? { input: await readStandardInput(world, 'the project') } : {};
  const variables = { [registryProjects]: 'false' };
  const ask: Ask = async (words, warn = () => {}) => {
    const args = [...path, ...line.beforeArguments(), ...words];
    try {
      return await docker.program.ask(args, { variables, warn, ...input });
    } catch (error) {
      throw isStoreError(error) && error.message.includes(registryProjects) ? inRegistry() : error;
    }
  };
  const version = await docker.program.ask([...path, 'version', '--short']);
  if (/^v?1\./.test(version.trim())) {
    const text = await ask(['config'], world.printError);
    return { text, isOld: true, names: [], named: nothingNamed };
  }
  const names = linesOf(await ask(['--profile=*', 'config', '--services']));
  const [command = '', ...words] = line.args;
  const named = namedServices(command, words, names);
  // In doubt nothing that compose would start may be missing.
  const active = named.isCertain ? [] : await activeServices(ask);
  const wanted = [...new Set([...active, ...named.services])];
  return { text: await configOf(ask, names, wanted, world.printError), isOld: false, names, named };
}

/** With what is built from the image of another service, which compose does not count among what it needs. */
async function configOf(
  ask: Ask,
  names: readonly string[],
  wanted: readonly string[],
  warn: (text: string) => void,
): Promise<string> {
  const text = await ask(['config', ...wanted], warn);
  const mentioned = new Set([...text.matchAll(/service:([\w.-]+)/g)].map(([, name]) => name));
  const more = names.filter((name) => mentioned.has(name) && !wanted.includes(name));
  if (more.length === 0) return text;
  const first = wanted.length > 0 ? wanted : await activeServices(ask);
  if (more.every((name) => first.includes(name))) return text;
  return await configOf(ask, names, [...new Set([...first, ...more])], () => {});
}

/** Those without a profile, or with one that is asked for. */
async function activeServices(ask: Ask): Promise<string[]> {
  return linesOf(await ask(['config', '--services']));
}

function linesOf(text: string): string[] {
  return text.split('\n').flatMap((line) => line.trim() || []);
}

function inRegistry() {
  return unenforceable(
    'a project in a registry (oci://...) is signed by nobody; fetch it, read it and use the file',
  );
}
