import { pluginNameOf } from '../cli/docker/plugin-name.ts';
import { versionLine } from '../cli/version.ts';
import { beginFetch } from './begin-fetch.ts';
import { standardOutput } from './output.ts';
import { ownName } from './self.ts';

/**
 * The one program: every command, the store itself included. Only here is the clock the system's.
 * Its name, or `as NAME` before the arguments, tells whether docker runs it as a plugin. It loads
 * what a command needs when that is known.
 */
const args = process.argv.slice(2);
const isTold = args[0] === 'as';
const plugin = pluginNameOf(isTold ? (args[1] ?? '') : ownName());
if (args.length === 1 && args[0] === '--version') standardOutput.write(versionLine);
else process.exitCode = await run(isTold ? args.slice(2) : args);

async function run(words: readonly string[]): Promise<number> {
  // Most of docker's commands ask a trust server; one word asks for help, or is docker asking its plugin.
  if (words.length > 1 && (plugin || words[0] === 'docker')) beginFetch();
  const { processWorld } = await import('./cli-world.ts');
  const world = processWorld(() => new Date());
  if (plugin) {
    const { runPlugin } = await import('../cli/docker/run-plugin.ts');
    return await runPlugin(plugin, words, world);
  }
  const { runCli } = await import('../cli/run-cli.ts');
  return await runCli(words, world);
}
