import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { PeerProcess } from './peer-process.ts';

/** A BuildKit of the test's own. */
export interface BuildKit extends AsyncDisposable {
  /** For `docker buildx create --driver remote`. */
  readonly address: string;
}

/**
 * Starts `buildkitd` with all it keeps below one temporary folder. It needs root and runc. Its containers share the
 * machine's network, which needs no bridge; the native snapshotter works on any file system.
 *
 * @param program  of moby/buildkit, which no package of Debian holds
 */
export async function startBuildKit(program: string): Promise<BuildKit> {
  // Not os.tmpdir(): the path of a Unix socket must stay below 100 bytes.
  const folder = mkdtempSync('/tmp/cm-buildkit-');
  const socket = join(folder, 'socket');
  const daemon = new PeerProcess(program, [
    ...['--root', join(folder, 'root'), '--addr', `unix://${socket}`],
    ...['--containerd-worker=false', '--oci-worker-snapshotter=native', '--oci-worker-net=host'],
  ]);
  const stop = async () => {
    await daemon[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await daemon.ready(() => listens(socket));
  } catch (error) {
    await stop();
    throw error;
  }
  return { address: `unix://${socket}`, [Symbol.asyncDispose]: stop };
}

function listens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(path, () => {
      connection.destroy();
      resolve(true);
    });
    connection.on('error', () => resolve(false));
  });
}
