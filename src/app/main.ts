import { runCli } from '../cli/index.ts';
import { processWorld } from './cli-world.ts';

/** The one program: every command, the store itself included. Only here is the clock the system's. */
process.exitCode = await runCli(
  process.argv.slice(2),
  processWorld(() => new Date()),
);
