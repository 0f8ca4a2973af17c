import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { MemoryTrust } from './memory-trust.ts';
import { type DeskOptions, TrustDesk } from './trust-desk.ts';

export const gun = 'localhost:5443/acme/app';

/** Made once for a file of tests. */
const template = await folderOfSigner();
process.once('exit', () => template[Symbol.dispose]());

async function folderOfSigner(): Promise<TrustDesk> {
  const desk = new TrustDesk(new MemoryTrust(() => new Date()));
  await must(desk, 'key', 'generate', 'jeff', '--dir', desk.folder);
  await must(desk, 'signer', 'add', '--key', join(desk.folder, 'jeff.pub'), 'jeff', gun);
  return desk;
}

/** Somebody with a repository that has one signer: with the keys of root, targets and jeff. */
export function paula(options: DeskOptions = {}): TrustDesk {
  const desk = new TrustDesk(new MemoryTrust(() => new Date()), options);
  cpSync(template.folder, desk.folder, { recursive: true });
  return desk;
}

/** Runs a command that does not fail. @returns its standard output */
export async function must(desk: TrustDesk, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await desk.run(args);
  assert.equal(code, 0, `${args.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

/** A row of `key ls --json`. */
export interface Listed {
  readonly id: string;
  readonly role: string;
  readonly gun: string | null;
  readonly algorithm: string | null;
  readonly encrypted: boolean;
  readonly location: string;
}

export async function keysOf(desk: TrustDesk): Promise<Listed[]> {
  return JSON.parse(await must(desk, 'key', 'ls', '--json'));
}

/** The one key of a role. */
export async function keyOf(desk: TrustDesk, role: string): Promise<Listed> {
  return (await keysOf(desk)).find((key) => key.role === role) ?? assert.fail(`no key of ${role}`);
}

/** An environment that opens nothing. */
export const noPassphrases = {
  DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE: '',
  DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE: '',
};

/** Names and bytes of the key files. */
export function filesOf({ trust }: TrustDesk): (readonly [string, string])[] {
  const folder = join(trust, 'private');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
}

/** Who may read and write a file: 0o600 and the like. */
export function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}
