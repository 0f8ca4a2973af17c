import { execFile } from 'node:child_process';
import { copyFile, mkdir, open, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ownCommand, ownFile } from '../self.ts';

const run = promisify(execFile);

/**
 * Puts the plugin into docker's folder: a link to this executable, which knows its role by its name,
 * or a script of two lines that starts this installation. In docker 28 and older a built-in has the
 * name `trust`, and wins; there it is called `dct`. On Windows docker starts what ends in `.exe`, and links are
 * for administrators: there it is a copy.
 *
 * @param folder  docker's configuration folder
 */
export async function installPlugin(folder: string): Promise<{ file: string; command: string }> {
  const word = (await dockerMajor()) >= 29 ? 'trust' : 'dct';
  const name = `docker-${word}`;
  const plugins = join(folder, 'cli-plugins');
  await mkdir(plugins, { recursive: true });
  const isWindows = process.platform === 'win32';
  const file = join(plugins, isWindows ? `${name}.exe` : name);
  const temporary = join(plugins, `.${name}.${process.pid}`);
  try {
    const own = ownFile();
    if (!own) await writeScript(temporary, name);
    else await (isWindows ? copyFile : symlink)(own, temporary);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return { file, command: `docker ${word}` };
}

/** @param name  the role it starts this installation in */
async function writeScript(file: string, name: string): Promise<void> {
  const handle = await open(file, 'wx', 0o755);
  try {
    await handle.writeFile(
      `#!/bin/sh\nexec ${ownCommand().map(quoted).join(' ')} as ${name} "$@"\n`,
    );
    // What it is made with is cut by the umask; docker must be able to run it.
    await handle.chmod(0o755);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The major version of the docker CLI; 29 where there is none, since only newer ones can come. */
async function dockerMajor(): Promise<number> {
  const args = ['version', '--format', '{{.Client.Version}}'];
  // Without an engine docker fails, and has printed its own version all the same.
  const { stdout } = await run('docker', args, { timeout: 20_000 }).catch(
    (error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }),
  );
  return Number(/^(\d+)\./m.exec(stdout)?.[1] ?? 29);
}

/** As one word of a shell. */
function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
