/**
 * `npm run build:bin [-- PLATFORM ...]`: writes `dist/countermark`, one executable that holds Node's
 * library, every module and their compiled form. With platforms (`linux-arm64`, `darwin-arm64`, ...)
 * it writes `dist/countermark-PLATFORM` for each; Bun fetches what it is built upon from npm.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runCommand, succeeded } from '../test/support/command.ts';

const root = join(import.meta.dirname, '..');
/** Of npm's package. */
const bun = join(root, 'node_modules/bun/bin/bun.exe');
/** What talks to PKCS#11 tokens; npm compiles it for this platform, where there is a C++ compiler. */
const tokenAddon = join(root, 'node_modules/pkcs11js/build/Release/pkcs11.node');

/**
 * @param file      what is written
 * @param platform  as Bun names it; this one unless told
 */
export async function buildOneFile(file: string, platform?: string): Promise<void> {
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
  for (const platform of positionals.length > 0 ? positionals : [undefined]) {
    const file = join(dist, platform ? `countermark-${platform}` : 'countermark');
    await buildOneFile(file, platform);
    console.log(file);
  }
}
