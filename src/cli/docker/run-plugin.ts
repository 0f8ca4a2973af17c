import { parseFlags } from '../docker-trust/parse-flags.ts';
import { runDockerTrust } from '../docker-trust/run-docker-trust.ts';
import type { CliWorld } from '../ports.ts';
import { printable } from '../printable.ts';
import { version } from '../version.ts';
import { globalFlags } from './global-flags.ts';
import type { PluginName } from './plugin-name.ts';

/**
 * Runs as a plugin of the docker CLI, or under a plugin's name: docker asks for the metadata with
 * one argument, and repeats the plugin's name before the arguments; its global flags come first.
 *
 * @returns the exit code
 * @see docker/cli 28.2.2 and 29.7.2, cli-plugins/plugin/plugin.go, cli-plugins/metadata
 */
export async function runPlugin(
  name: PluginName,
  args: readonly string[],
  world: CliWorld,
): Promise<number> {
  if (args[0] === 'docker-cli-plugin-metadata') {
    world.print(`${JSON.stringify(metadata, null, 4)}\n`);
    return 0;
  }
  const word = name.slice('docker-'.length);
  if (args[0] === '__complete') {
    const { trustCandidates } = await import('./trust-candidates.ts');
    world.print(trustCandidates(word, args.slice(1)));
    return 0;
  }
  const title = `docker ${word}`;
  const parsed = parseFlags(args, globalFlags, false);
  if (parsed.kind === 'help') return await runDockerTrust(['--help'], world, { title });
  if (parsed.kind === 'mistaken') {
    world.printError(`${printable(parsed.reason)}\n\nSee '${title} --help'.\n`);
    return 125;
  }
  const config = parsed.flags.text('config');
  // `--host` and its like: a push is for the engine that docker itself was told.
  const globals = args.slice(0, parsed.positions[0] ?? args.length);
  const rest = wordsOf(parsed.args, word);
  return await runDockerTrust(rest, world, { title, config, globals });
}

/** The plugin's own words. `docker help trust sign` reaches the plugin as it was typed. */
function wordsOf(args: readonly string[], word: string): readonly string[] {
  if (args[0] === 'help' && args[1] === word) return [...args.slice(2), '--help'];
  return args[0] === word ? args.slice(1) : args;
}

const metadata = {
  SchemaVersion: '0.1.0',
  Vendor: 'Countermark',
  Version: `v${version}`,
  ShortDescription: 'Manage trust on Docker images',
};
