import { statSync } from 'node:fs';

const lookEveryMs = 2_000;
/** One listener of the process for all: who watches, looks when it is hung up. */
const atHangup = new Set<() => void>();
const hangUp = () => {
  for (const look of atHangup) look();
};

/**
 * Calls back when one of the files was changed, replaced, made or removed, and at every SIGHUP.
 * They are looked at every two seconds: unlike notices of the file system this works through
 * symbolic links, on network file systems, and when a folder is put in the place of another.
 */
export function watchFiles(paths: readonly string[], changed: () => void): Disposable {
  let seen = stampOf(paths);
  const timer = setInterval(() => {
    const stamp = stampOf(paths);
    if (stamp === seen) return;
    seen = stamp;
    changed();
  }, lookEveryMs).unref();
  const hangup = () => {
    seen = stampOf(paths);
    changed();
  };
  if (atHangup.size === 0) process.on('SIGHUP', hangUp);
  atHangup.add(hangup);
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      atHangup.delete(hangup);
      if (atHangup.size === 0) process.removeListener('SIGHUP', hangUp);
    },
  };
}

function stampOf(paths: readonly string[]): string {
  return paths.map(stampOfOne).join();
}

function stampOfOne(path: string): string {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch {
    return 'absent';
  }
}
