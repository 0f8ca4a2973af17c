import type { CliWorld } from './ports.ts';

/**
 * Runs one command. What it does not use is not loaded: docker's commands are started many times a
 * build, and know nothing of the store's.
 *
 * @param args  without the names of node and of the script
 * @returns     the exit code; what went wrong has been printed, in one line
 */
export async function runCli(args: readonly string[], world: CliWorld): Promise<number> {
  const [first, ...rest] = args;
  if (first === 'docker') {
    const { runDocker } = await import('./docker/run-docker.ts');
    return await runDocker(rest, world);
  }
  const { runProgram } = await import('./program.ts');
  return await runProgram(args, world);
}
