/**
 * `npm run build:bin [-- PLATFORM ... | all]`: writes `dist/countermark`, one executable that holds Node's
 * library, every module and their compiled form. With platforms (`linux-arm64-musl`, `darwin-arm64`, ...)
 * it writes `dist/countermark-PLATFORM` for each, upon what npm fetches.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runCommand, succeeded } from '../test/support/command.ts';
import { type BunRuntime, bunRuntimes, fetchBunRuntime, ownPlatform } from './bun-runtimes.ts';
import { rehearse } from './rehearse.ts';

const root = join(import.meta.dirname, '..');
/** Of npm's package. */
const bun = join(root, 'node_modules/bun/bin/bun.exe');
/** What talks to PKCS#11 tokens; npm compiles it for this platform, where there is a C++ compiler. */
const tokenAddon = join(root, 'node_modules/pkcs11js/build/Release/pkcs11.node');

interface BuildOptions {
  /** As Bun names it; this one unless told. */
  readonly platform?: string | undefined;
  /** The Bun of that platform. */
  readonly executable?: string | undefined;
  /** In which a run uses what the file is made of: it then lies in that order, and is read in fewer pieces. */
  readonly order?: string | undefined;
}

/** An executable that is to be made. */
interface Wanted {
  readonly file: string;
  /** What it is built upon, where that is not the Bun of this machine. */
  readonly runtime?: BunRuntime | undefined;
}

/**
 * Builds them as they are shipped: for the order of their parts one is built for this platform first, and run.
 * @param tell  what is under way
 */
export async function buildShipped(
  wanted: readonly [Wanted, ...Wanted[]],
  tell = (_line: string): void => {},
): Promise<void> {
  // Not os.tmpdir(): the path of a Unix socket must stay below 100 bytes.
  const folder = mkdtempSync('/tmp/cm-build-');
  // Beside what is written: nothing below /tmp can be run everywhere.
  const first = `${wanted[0].file}.first`;
  try {
    tell('building, and running it once to see what it uses first');
    await buildOneFile(first);
    const order = await rehearse(first, folder);
    for (const { file, runtime } of wanted) {
      const platform = runtime?.platform;
      if (runtime) tell(`${platform}: fetching ${runtime.packageName} ${runtime.version}`);
      const executable = runtime && (await fetchBunRuntime(runtime, folder));
      tell(`${platform ?? 'this platform'}: building`);
      await buildOneFile(file, { order, platform, executable });
      if (executable) rmSync(executable);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(first, { force: true });
  }
}

/** @param file  what is written */
export async function buildOneFile(file: string, options: BuildOptions = {}): Promise<void> {
  const { platform, executable, order } = options;
  const args = [
    'build',
    '--compile',
    ...(platform ? [`--target=bun-${platform}`] : []),
    ...(executable ? [`--compile-executable-path=${executable}`] : []),
    // What stands in the folder it is started in must not change what it does.
    ...['--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig'],
    // A command loads its own part only, and nothing is compiled at the start. Names stay as they are: to
    // shorten them and say them again (--keep-names) is a call for each function that a command loads.
    ...['--format=esm', '--splitting', '--bytecode', '--minify-syntax', '--minify-whitespace'],
    // Most of what a command runs, it runs once (ADR 7).
    '--compile-jit-policy=100',
    // Without it, whoever names a token is told so (SIGNER_TOKEN_LIBRARY).
    ...(platform === undefined && existsSync(tokenAddon) ? [] : ['--external', 'pkcs11js']),
    ...(order ? [`--bytecode-order=${order}`] : []),
    ...['--outfile', file, join(root, 'src/app/main.ts')],
  ];
  // Bun steers by variables of its own, and reads tsconfig.json from where it stands.
  const env = Object.fromEntries(Object.entries(process.env).filter(([k]) => !/^BUN_/.test(k)));
  succeeded(await runCommand(bun, args, { cwd: root, env, timeoutMs: 300_000 }));
}

/**
 * @param platforms  as they were typed
 * @throws Error     where there is no such platform
 */
function wantedFor(platforms: readonly string[], dist: string): [Wanted, ...Wanted[]] {
  const names = platforms.includes('all') ? [...bunRuntimes.keys()] : platforms;
  const [first, ...others] = [...new Set(names)].map((name) => {
    const runtime = bunRuntimes.get(name);
    if (!runtime) {
      const known = [...bunRuntimes.keys(), 'all'].join(', ');
      throw new Error(`nothing can be built for "${name}"; there are ${known}`);
    }
    const file = join(dist, `countermark-${name}${name.startsWith('windows-') ? '.exe' : ''}`);
    return { file, runtime: name === ownPlatform() ? undefined : runtime };
  });
  return [first ?? { file: join(dist, 'countermark') }, ...others];
}

async function main(): Promise<void> {
  const { positionals } = parseArgs({ allowPositionals: true });
  const dist = join(root, 'dist');
  const wanted = wantedFor(positionals, dist);
  mkdirSync(dist, { recursive: true });
  await buildShipped(wanted, console.log);
  for (const { file, runtime } of wanted) {
    const name = relative(root, file);
    console.log(`${name}  ${Math.round(statSync(file).size / 1e6)} MB`);
    // Bun leaves its own signature in it, which holds no longer.
    if (runtime?.platform === 'darwin-x64') {
      console.log(`on a Mac, before it is run: codesign --force --sign - ${name}`);
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main().catch((error: Error) => {
    console.error(`build:bin: ${error.message}`);
    process.exitCode = 1;
  });
}
