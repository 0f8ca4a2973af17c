/**
 * `npm run build:bin [-- PLATFORM ...]`: writes `dist/countermark`, one executable that holds Node's
 * library, every module and their compiled form. With platforms (`linux-arm64`, `darwin-arm64`, ...)
 * it writes `dist/countermark-PLATFORM` for each; Bun fetches what it is built upon from npm.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runCommand, succeeded } from '../test/support/command.ts';
import { rehearse } from './rehearse.ts';

const root = join(import.meta.dirname, '..');
/** Of npm's package. */
const bun = join(root, 'node_modules/bun/bin/bun.exe');
/** What talks to PKCS#11 tokens; npm compiles it for this platform, where there is a C++ compiler. */
const tokenAddon = join(root, 'node_modules/pkcs11js/build/Release/pkcs11.node');

interface BuildOptions {
  /** As Bun names it; this one unless told. */
  readonly platform?: string | undefined;
  /** In which a run uses what the file is made of: it then lies in that order, and is read in fewer pieces. */
  readonly order?: string | undefined;
}

/**
 * Builds it as it is shipped: for the order of its parts it is built for this platform first, and run.
 * @param files  what is written, and for which platform; `undefined` for this one
 */
export async function buildShipped(files: ReadonlyMap<string, string | undefined>): Promise<void> {
  // Not os.tmpdir(): the path of a Unix socket must stay below 100 bytes.
  const folder = mkdtempSync('/tmp/cm-build-');
  // Beside what is written: nothing below /tmp can be run everywhere.
  const first = `${[...files.keys()][0]}.first`;
  try {
    await buildOneFile(first);
    const order = await rehearse(first, folder);
    for (const [file, platform] of files) await buildOneFile(file, { platform, order });
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(first, { force: true });
  }
}

/** @param file  what is written */
export async function buildOneFile(file: string, options: BuildOptions = {}): Promise<void> {
  const { platform, order } = options;
  const args = [
    'build',
    '--compile',
    ...(platform ? [`--target=bun-${platform}`] : []),
    // What stands in the folder it is started in must not change what it does.
    ...['--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig'],
    // A command loads its own part only, and nothing is compiled at the start. Names stay as they are: to
    // shorten them and say them again (--keep-names) is a call for each function that a command loads.
    ...['--format=esm', '--splitting', '--bytecode', '--minify-syntax', '--minify-whitespace'],
    // Most of what a command runs, it runs once (ADR 7).
    '--compile-jit-policy=10',
    // Without it, whoever names a token is told so (SIGNER_TOKEN_LIBRARY).
    ...(platform === undefined && existsSync(tokenAddon) ? [] : ['--external', 'pkcs11js']),
    ...(order ? [`--bytecode-order=${order}`] : []),
    ...['--outfile', file, join(root, 'src/app/main.ts')],
  ];
  // Bun steers by variables of its own, and reads tsconfig.json from where it stands.
  const env = Object.fromEntries(Object.entries(process.env).filter(([k]) => !/^BUN_/.test(k)));
  succeeded(await runCommand(bun, args, { cwd: root, env, timeoutMs: 300_000 }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { positionals } = parseArgs({ allowPositionals: true });
  const dist = join(root, 'dist');
  mkdirSync(dist, { recursive: true });
  const platforms = positionals.length > 0 ? positionals : [undefined];
  const files = new Map(
    platforms.map((each) => [join(dist, each ? `countermark-${each}` : 'countermark'), each]),
  );
  await buildShipped(files);
  for (const file of files.keys()) console.log(file);
}
