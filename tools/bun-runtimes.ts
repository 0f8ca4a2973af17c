import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../test/support/command.ts';

/**
 * What an executable is built upon: Bun, made for its platform. Bun itself would download one where it lacks it,
 * from where it likes; here npm does, from the registry and through the proxy it is set to, and gives nothing
 * out but the bytes that `package-lock.json` names.
 */
export interface BunRuntime {
  /** For example `linux-arm64-musl`. */
  readonly platform: string;
  /** On npm. */
  readonly packageName: string;
  readonly version: string;
  /** As in the lock: `sha512-...`. */
  readonly integrity: string;
}

const lock: { packages: Record<string, { version: string; integrity: string }> } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../package-lock.json'), 'utf8'),
);

/** Those that there are, by platform. */
export const bunRuntimes: ReadonlyMap<string, BunRuntime> = new Map(
  Object.entries(lock.packages).flatMap(([path, { version, integrity }]) => {
    const [, name] = /^node_modules\/@oven\/bun-([^/]+)$/.exec(path) ?? [];
    if (!name) return [];
    const platform = name.replace('aarch64', 'arm64');
    return [[platform, { platform, packageName: `@oven/bun-${name}`, version, integrity }]];
  }),
);

/** The platform that this process runs on. */
export function ownPlatform(): string {
  const { platform, arch, report } = process;
  const system = platform === 'win32' ? 'windows' : platform;
  if (platform !== 'linux') return `${system}-${arch}`;
  const { header } = report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime ? `linux-${arch}` : `linux-${arch}-musl`;
}

/**
 * Has npm fetch a runtime, whatever the platform of this machine.
 *
 * @param folder  in which it is put
 * @param env     by which npm may be set
 * @returns       its executable
 * @throws Error  in npm's words: nothing reached, other bytes than the lock's
 */
export async function fetchBunRuntime(
  runtime: BunRuntime,
  folder: string,
  env = process.env,
): Promise<string> {
  const { platform, packageName, version, integrity } = runtime;
  const place = join(folder, platform);
  mkdirSync(place);
  const wanted = { dependencies: { [packageName]: version } };
  // Without the lock's `os` and `cpu`, by which npm would leave it out here.
  const packages = { '': wanted, [`node_modules/${packageName}`]: { version, integrity } };
  const locked = { lockfileVersion: 3, requires: true, packages };
  writeFileSync(join(place, 'package.json'), JSON.stringify(wanted));
  writeFileSync(join(place, 'package-lock.json'), JSON.stringify(locked));
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, stderr } = await runCommand('npm', args, { cwd: place, env, timeoutMs: 600_000 });
  if (code !== 0) {
    throw new Error(`npm could not fetch ${packageName} ${version}:\n${stderr.trim()}`);
  }
  const isWindows = platform.startsWith('windows-');
  return join(place, 'node_modules', packageName, 'bin', isWindows ? 'bun.exe' : 'bun');
}
