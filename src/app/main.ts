import { basename } from 'node:path';
import { pluginNameOf, runCli, runPlugin } from '../cli/index.ts';
import { processWorld } from './cli-world.ts';

/**
 * The one program: every command, the store itself included. Only here is the clock the system's.
 * Its name, or `as NAME` before the arguments, tells whether docker runs it as a plugin.
 */
const world = processWorld(() => new Date());
const [, program = '', ...args] = process.argv;
const isTold = args[0] === 'as';
const plugin = pluginNameOf(isTold ? (args[1] ?? '') : basename(program));
process.exitCode = plugin
  ? await runPlugin(plugin, isTold ? args.slice(2) : args, world)
  : await runCli(args, world);
