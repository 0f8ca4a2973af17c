/**
 * `npm run build:bin`: one executable that knows its role by its name, installs itself as a plugin
 * under the name that the installed docker lets win, and runs a store. It is built once, here.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { plainEnvironment, runCommand, succeeded } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { type OneFile, oneFile } from '../support/one-file.ts';
import { wireRequest } from '../support/wire-request.ts';

let built: OneFile;
let home: string;
before(async () => {
  built = await oneFile('shipped');
  home = mkdtempSync(join(tmpdir(), 'cm-home-'));
  for (const name of ['docker-trust', 'docker-dct']) {
    symlinkSync(built.file, join(built.folder, name));
  }
});
after(() => {
  built?.[Symbol.dispose]();
  rmSync(home, { recursive: true, force: true });
});

function environment(): NodeJS.ProcessEnv {
  return { ...plainEnvironment(), HOME: home, DOCKER_HOST: 'unix:///nosuch.sock' };
}

/** Runs it under one of its names. */
async function run(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const ended = await runCommand(join(built.folder, name), args, {
    cwd: home,
    env: { ...environment(), ...env },
  });
  return [ended.code, ended.stdout, ended.stderr] as const;
}

const names = ['countermark', 'docker-trust', 'docker-dct'];

for (const name of names) {
  test(`${name} --version`, async () => {
    assert.deepEqual(await run(name, ['--version']), [0, 'Countermark version 0.1.0\n', '']);
  });
}

test('its name is its role', async () => {
  const usage = async (name: string, ...args: string[]) =>
    (await run(name, args))[1].split('\n', 1)[0];
  assert.equal(await usage('countermark', '--help'), 'Usage: countermark [options] [command]');
  assert.equal(await usage('countermark', 'docker', 'trust', '-h'), 'Usage:  docker trust COMMAND');
  assert.equal(await usage('docker-trust', 'trust', '--help'), 'Usage:  docker trust COMMAND');
  assert.equal(await usage('docker-dct', 'dct', '--help'), 'Usage:  docker dct COMMAND');
  for (const name of ['docker-trust', 'docker-dct']) {
    const [code, stdout] = await run(name, ['docker-cli-plugin-metadata']);
    assert.deepEqual([code, JSON.parse(stdout).SchemaVersion], [0, '0.1.0']);
  }
});

test('it is found through PATH as well', async () => {
  const { stdout } = await runCommand('docker-dct', ['dct', '--help'], {
    env: { ...environment(), PATH: `${built.folder}${delimiter}${process.env.PATH}` },
  });
  assert.match(stdout, /^Usage: {2}docker dct COMMAND/);
});

test("what it cannot print it says, in docker's words", async () => {
  const file = join(built.folder, 'countermark');
  const { code, stderr } = await runCommand('sh', ['-c', '"$0" --version > /dev/full', file]);
  assert.deepEqual([code, stderr], [1, 'write /dev/stdout: no space left on device\n']);
});

test('what stands in the folder it is started in changes nothing', async () => {
  const server = 'DOCKER_CONTENT_TRUST_SERVER=https://127.0.0.1:1';
  writeFileSync(join(home, '.env'), `${server}\n`);
  writeFileSync(join(home, 'bunfig.toml'), 'preload = ["./other.ts"]\n');
  writeFileSync(join(home, 'other.ts'), 'console.log("somebody else");\n');
  const [code, stdout, stderr] = await run('countermark', [
    ...['docker', 'trust', 'inspect', '127.0.0.1:2/app'],
  ]);
  assert.deepEqual([code, stdout], [1, '[]\n']);
  assert.match(stderr, /https:\/\/127\.0\.0\.1:2 cannot be reached/);
});

for (const [what, folder, passes] of [
  ['its HTTPS keeps to the limits that are tested with Node', 'remotes/https-client', 10],
  ['it takes what an engine says as it is tested with Node', 'engine/engine-api', 20],
  ['it opens every key that docker, notary or Node wrote', 'trust-folder/trust-folder', 25],
] as const) {
  test(what, async () => {
    const root = join(import.meta.dirname, '../..');
    const bun = join(root, 'node_modules/bun/bin/bun.exe');
    const file = `./src/adapters/${folder}.test.ts`;
    const { stderr } = succeeded(await runCommand(bun, ['test', file], { cwd: root }));
    assert.ok(Number(/^ *(\d+) pass$/m.exec(stderr)?.[1]) >= passes, stderr);
  });
}

test('docker 28 runs it as docker dct, since its own docker trust wins', async () => {
  const config = join(home, 'docker 28');
  const installed = await run('countermark', ['plugin', 'install', '--config', config]);
  const link = join(config, 'cli-plugins', 'docker-dct');
  assert.deepEqual(installed, [0, `wrote ${link}\nUse it as "docker dct".\n`, '']);
  assert.equal(readlinkSync(link), built.file);
  const docker = (...args: string[]) =>
    runCommand('docker', ['--config', config, ...args], { env: environment() });
  const help = succeeded(await docker('dct', 'sign', '--help'));
  assert.match(help.stdout, /^Usage: {2}docker dct sign IMAGE:TAG\n/);
  const { code, stdout, stderr } = await docker('dct', 'inspect', '127.0.0.1:1/app');
  assert.deepEqual([code, stdout], [1, '[]\n']);
  assert.match(stderr, /REMOTE_UNREACHABLE/);
  assert.match(succeeded(await docker('--help')).stdout, /^ {2}dct\*? +Manage trust on Docker/m);
});

for (const [version, word] of [
  ['29.0.0', 'trust'],
  ['29.1.0-rc.2', 'trust'],
  ['28.5.1', 'dct'],
  ['20.10.24+dfsg1', 'dct'],
  ['', 'trust'],
]) {
  const said = version ? `docker ${version}` : 'no docker';
  test(`${said} gets docker ${word}`, async () => {
    const path = mkdtempSync(join(home, 'path-'));
    if (version) {
      writeFileSync(join(path, 'docker'), `#!/bin/sh\necho '${version}'\nexit 1\n`);
      chmodSync(join(path, 'docker'), 0o755);
    }
    const config = join(path, 'config');
    const installed = await run('countermark', ['plugin', 'install'], {
      PATH: path,
      DOCKER_CONFIG: config,
    });
    const link = join(config, 'cli-plugins', `docker-${word}`);
    assert.deepEqual(installed, [0, `wrote ${link}\nUse it as "docker ${word}".\n`, '']);
  });
}

test('it runs a store', async () => {
  const host = `127.0.0.1:${await freePort()}`;
  const store = spawn(built.file, ['serve', '--data', join(home, 'data'), '--listen', host], {
    env: { ...environment(), COUNTERMARK_ADMIN_PASSWORD: 'the administrator, in a test' },
    stdio: 'ignore',
  });
  try {
    const exited = new Promise((resolve) => store.once('exit', resolve));
    const isReady = () =>
      wireRequest(`https://${host}/health/ready`).then(
        ({ status }) => status === 200,
        () => false,
      );
    for (let i = 0; i < 600 && !(await isReady()); i++) await sleep(100);
    assert.ok(await isReady(), 'not ready within a minute');
    store.kill('SIGTERM');
    assert.equal(await exited, 0);
  } finally {
    store.kill('SIGKILL');
  }
});
