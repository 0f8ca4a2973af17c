import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CliWorld } from '../ports.ts';
import { runPlugin } from './run-plugin.ts';

/* What docker starts a plugin with, and how what it prints begins. */
const started: readonly [args: string, begins: string][] = [
  ['trust --help', 'Usage:  docker trust COMMAND'],
  ['trust sign --help', 'Usage:  docker trust sign IMAGE:TAG'],
  ['--config /c -D trust key load --help', 'Usage:  docker trust key load [OPTIONS] KEYFILE'],
  // Of `docker help trust`, which docker 29 hands on as it was typed.
  ['help trust', 'Usage:  docker trust COMMAND'],
  ['help trust sign', 'Usage:  docker trust sign IMAGE:TAG'],
  ['help trust key', 'Usage:  docker trust key COMMAND'],
  ['-D help trust key load', 'Usage:  docker trust key load [OPTIONS] KEYFILE'],
];

for (const [args, begins] of started) {
  test(`the plugin, started with "${args}", prints "${begins}"`, async () => {
    let printed = '';
    const print = (text: string) => {
      printed += text;
    };
    const world = { env: {}, print, printError: print } as unknown as CliWorld;
    assert.equal(await runPlugin('docker-trust', args.split(' '), world), 0);
    assert.equal(printed.split('\n')[0], begins);
  });
}
