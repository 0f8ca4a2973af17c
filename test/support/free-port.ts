import { randomInt } from 'node:crypto';
import { createServer, type ListenOptions, type Server } from 'node:net';

/** Below 32768, where Linux begins to give ports to those who connect or listen without naming one. */
const [lowest, highest] = [20_000, 32_768];

/**
 * A port of 127.0.0.1 for a program that this process starts, and perhaps ends and starts again.
 * Nobody listens there, nobody is given it by chance, and no test beside this one gets it while
 * this process runs.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, highest);
    if (!(await isHeld(port))) continue;
    const trial = await listen({ port, host: '127.0.0.1' });
    if (trial === undefined) continue;
    await new Promise((resolve) => trial.close(resolve));
    return port;
  }
}

/** Holds a socket of the port's name, which Linux lets go with this process, however it ends. */
async function isHeld(port: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const holder = await listen({ path: `\0countermark-port-${port}` });
  holder?.unref();
  return holder !== undefined;
}

/** @returns undefined when somebody listens there */
function listen(where: ListenOptions): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(where, () => resolve(server));
  });
}
