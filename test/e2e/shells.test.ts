/**
 * Completion in the three shells themselves, through docker's own too, and the manual pages under
 * mandoc's lint.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';
import { plainEnvironment, runCommand, succeeded } from '../support/command.ts';
import { type OneFile, oneFile } from '../support/one-file.ts';

let built: OneFile;
let home: string;
before(async () => {
  built = await oneFile();
  home = mkdtempSync(join(tmpdir(), 'cm-shells-'));
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { stdout } = succeeded(await runCommand(built.file, ['completion', shell]));
    writeFileSync(join(home, shell), stdout);
  }
});
after(() => {
  built?.[Symbol.dispose]();
  rmSync(home, { recursive: true, force: true });
});

async function say(program: string, ...args: string[]): Promise<string[]> {
  const PATH = `${built.folder}${delimiter}${process.env.PATH}`;
  const env = { ...plainEnvironment(), HOME: home, DOCKER_CONFIG: home, PATH };
  const { stdout } = succeeded(await runCommand(program, args, { cwd: home, env }));
  return stdout.trim().split('\n');
}

test('bash', async () => {
  const ask = (line: string) =>
    `source ./bash; COMP_WORDS=(${line}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _countermark; printf '%s\\n' "\${COMPREPLY[@]}"`;
  assert.deepEqual(await say('bash', '-c', ask('countermark docker trust signer ""')), [
    'add',
    'remove',
  ]);
  assert.deepEqual(await say('bash', '-c', ask('countermark serve --stor')), ['--store-name']);
});

test('zsh', async () => {
  const ask = `autoload -U compinit; compinit -u; source ./zsh
    _describe() { print -rl -- "\${(@)found}"; }
    words=(countermark docker trust signer ''); CURRENT=5; _countermark`;
  const found = await say('zsh', '-f', '-c', ask);
  assert.deepEqual(found, ['add:Add a signer', 'remove:Remove a signer']);
});

test('fish', async () => {
  const ask = "source ./fish; complete -C 'countermark docker trust signer '";
  const found = await say('fish', '--no-config', '-c', ask);
  assert.deepEqual(found, ['add\tAdd a signer', 'remove\tRemove a signer']);
});

test('docker itself, behind the name of the plugin', async () => {
  mkdirSync(join(home, 'cli-plugins'));
  symlinkSync(built.file, join(home, 'cli-plugins', 'docker-dct'));
  const found = await say('docker', '__complete', 'dct', 'signer', '');
  assert.deepEqual(found.slice(0, 2), ['add\tAdd a signer', 'remove\tRemove a signer']);
});

test('the manual pages have nothing that mandoc minds', async () => {
  succeeded(await runCommand(built.file, ['man', join(home, 'man1')]));
  const pages = readdirSync(join(home, 'man1')).map((file) => join(home, 'man1', file));
  assert.ok(pages.length > 40, `${pages.length} pages`);
  for (const name of ['countermark', 'countermark-serve', 'docker-trust-inspect']) {
    assert.ok(pages.includes(join(home, 'man1', `${name}.1`)), name);
  }
  const { stdout } = await runCommand('mandoc', ['-T', 'lint', '-W', 'warning', ...pages]);
  assert.equal(stdout, '');
  const shown = await runCommand('mandoc', [
    ...['-T', 'utf8', '-O', 'width=100', join(home, 'man1/docker-trust-inspect.1')],
  ]);
  assert.match(succeeded(shown).stdout, /Print the information in a human friendly/);
});
