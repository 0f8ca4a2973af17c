import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { shellFunction } from './shell-init.ts';

/* A folder whose name every shell would take apart. */
const folder = mkdtempSync(join(tmpdir(), "cm shell $HOME 'x' \\y "));
const program = join(folder, 'counter mark');
writeFileSync(program, '#!/bin/sh\nfor word; do echo "[$word]"; done\nexit 7\n');
chmodSync(program, 0o755);
after(() => rmSync(folder, { recursive: true }));

/* Bash is everywhere; the others are tried where they are installed, which tools/test.ts sees to. */
for (const shell of ['bash', 'zsh', 'fish'] as const) {
  test(`in ${shell}, docker goes through this program, word for word`, () => {
    const file = join(folder, `init.${shell}`);
    writeFileSync(file, shellFunction(shell, [program, 'as it']));
    const script = `alias docker=false\n${shell === 'fish' ? 'source' : '.'} ${`"${file.replace(/[\\$"]/g, '\\$&')}"`}\ndocker run 'a b' "$HOME" '' -- '*'\n`;
    const scriptFile = join(folder, 'script');
    writeFileSync(scriptFile, script);
    const flags = shell === 'fish' ? ['--no-config'] : shell === 'zsh' ? ['-f'] : ['--norc'];
    const env = { ...process.env, HOME: '/home/me' };
    const { stdout, stderr, status, error } = spawnSync(shell, [...flags, scriptFile], { env });
    assert.equal(error, undefined);
    assert.equal(String(stderr), '');
    assert.deepEqual(String(stdout).trimEnd().split('\n'), [
      ...['[as it]', '[docker]', '[run]', '[a b]', '[/home/me]', '[]', '[--]', '[*]'],
    ]);
    assert.equal(status, 7);
  });
}
