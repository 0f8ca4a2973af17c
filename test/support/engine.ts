import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { plainEnvironment, runCommand } from './command.ts';

/** A docker engine of the test's own. */
export interface Engine extends AsyncDisposable {
  /** For `DOCKER_HOST`. */
  readonly host: string;
  /** Ends the engine and removes all it made. */
  stop(): Promise<void>;
}

export interface EngineOptions {
  /** URL of a registry that it asks for images of Docker Hub first. */
  readonly mirror?: string;
}

/**
 * Starts `dockerd` (Debian's docker.io 20.10 and later; needs root) with its own data root, exec
 * root, pidfile and socket below one temporary folder, beside any engine of the machine.
 *
 * It touches nothing it does not own: no bridge, no iptables, no IP forwarding, so its containers
 * run with `--network none`. The vfs driver works on any file system. `cgroupfs` needs no systemd.
 * Where the machine has a containerd, the engine uses that one in a namespace of its own,
 * otherwise it brings up its own under the exec root.
 *
 * @throws Error with the end of the engine's log when it is not ready after 30 s
 */
export async function startEngine({ mirror }: EngineOptions = {}): Promise<Engine> {
  // Not os.tmpdir(): the path of a Unix socket must stay below 100 bytes.
  const folder = mkdtempSync('/tmp/cm-engine-');
  const socket = join(folder, 'docker.sock');
  const namespace = folder.slice('/tmp/'.length).toLowerCase();
  const log: Buffer[] = [];
  const daemon = spawn(
    'dockerd',
    [
      ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
      ...['--pidfile', join(folder, 'docker.pid'), '--host', `unix://${socket}`],
      ...['--containerd-namespace', namespace, '--containerd-plugins-namespace', `${namespace}-p`],
      ...['--iptables=false', '--ip-forward=false', '--ip-masq=false', '--bridge=none'],
      ...['--storage-driver=vfs', '--exec-opt', 'native.cgroupdriver=cgroupfs'],
      ...(mirror === undefined ? [] : ['--registry-mirror', mirror]),
    ],
    { env: plainEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] },
  );
  daemon.stdout.on('data', (part) => log.push(part));
  daemon.stderr.on('data', (part) => log.push(part));
  const atExit = () => daemon.kill('SIGTERM');
  process.once('exit', atExit);
  const stop = async () => {
    process.removeListener('exit', atExit);
    await end(daemon, folder);
  };
  try {
    await ready(daemon, socket);
  } catch (cause) {
    await stop();
    const tail = Buffer.concat(log).toString('utf8').slice(-2_000);
    throw new Error(`dockerd did not become ready; its log ends with\n${tail}`, { cause });
  }
  return { host: `unix://${socket}`, stop, [Symbol.asyncDispose]: stop };
}

async function ready(daemon: ChildProcess, socketPath: string): Promise<void> {
  let failed: Error | undefined;
  daemon.once('error', (error) => {
    failed = error;
  });
  for (const until = Date.now() + 30_000; Date.now() < until; await sleep(100)) {
    if (failed) throw failed;
    if (daemon.exitCode !== null) throw new Error(`dockerd exited with ${daemon.exitCode}`);
    if (existsSync(socketPath) && (await ping(socketPath))) return;
  }
  throw new Error('dockerd did not answer within 30 s');
}

function ping(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    request({ socketPath, path: '/_ping', timeout: 1_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .on('error', () => resolve(false))
      .end();
  });
}

async function end(daemon: ChildProcess, folder: string): Promise<void> {
  const containerd = pidIn(join(folder, 'exec/containerd/containerd.pid'));
  if (daemon.pid !== undefined && daemon.exitCode === null && daemon.signalCode === null) {
    const ended = new Promise<void>((resolve) => daemon.once('exit', () => resolve()));
    daemon.kill('SIGTERM');
    const inTime = await Promise.race([
      ended.then(() => true),
      sleep(20_000, false, { ref: false }),
    ]);
    if (!inTime) {
      daemon.kill('SIGKILL');
      if (containerd !== undefined) killQuietly(containerd);
      await ended;
    }
  }
  for (const mount of mountsBelow(folder)) await runCommand('umount', ['-l', mount]);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

function pidIn(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** Deepest first, so that each can be unmounted. */
function mountsBelow(folder: string): string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((mount) => mount.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length);
}
