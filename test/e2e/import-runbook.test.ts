import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { plainEnvironment, printed, runCommand, succeeded } from '../support/command.ts';
import { NotaryServers, signerPassphrase } from '../support/peers-notary.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { admin, ServerProcess } from '../support/server-process.ts';

/*
 * The runbook, docs/operations/import-notary.md, as it is written: the commands of its blocks are run by
 * a shell, word for word but for the names of servers, databases, folders and repositories. A command
 * that is added to it and not run here fails the last test.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'cm-runbook-'));
const app = 'docker.io/acme/app';
const tool = 'docker.io/acme/tool';
const paula = { name: 'paula', password: 'a password for a test' };
/** Commands by section that were not run yet, in their order. */
const runbook = readRunbook();

let postgres: PostgresServer;
let old: NotaryServers;
/** One for each way. */
let first: ServerProcess;
let second: ServerProcess;

before(async () => {
  postgres = await PostgresServer.start();
  old = await NotaryServers.start([await postgres.emptyUrl(), await postgres.emptyUrl()]);
  first = await ServerProcess.start();
  second = await ServerProcess.start();
  mkdirSync(join(folder, 'bin'));
  const program = join(root, 'bin', 'countermark.js');
  const npx = `#!/bin/sh\n[ "$1" = countermark ] && shift\nexec "${process.execPath}" "${program}" "$@"\n`;
  writeFileSync(join(folder, 'bin', 'npx'), npx, { mode: 0o755 });
  // The owner's machine: docker's trust folder, and trust in the servers' certificates.
  const pems = [old, first, second].map(({ certificateFile }) => readFileSync(certificateFile));
  writeFileSync(join(folder, 'ca.pem'), Buffer.concat(pems));
  mkdirSync(join(folder, 'owner', '.notary'), { recursive: true });
  const config = { remote_server: { root_ca: join(folder, 'ca.pem') } };
  writeFileSync(join(folder, 'owner', '.notary', 'config.json'), JSON.stringify(config));
  cpSync(join(folder, 'owner'), join(folder, 'stranger'), { recursive: true });
  writeFileSync(join(folder, 'content'), 'content');
  for (const gun of [app, tool]) {
    await notary(old, 'init', gun);
    await notary(old, `key rotate`, gun, 'snapshot -r');
    await notary(old, 'add', gun, `v1 content -p`);
    assert.match(await notary(old, 'list', gun), /^v1 /m);
  }
  for (const { url, certificateFile } of [old, first]) {
    const place = join(folder, 'consumer', '.docker', 'tls', new URL(url).host);
    mkdirSync(place, { recursive: true });
    cpSync(certificateFile, join(place, 'ca.crt'));
  }
  assert.deepEqual(await dockerSees(old), ['v1']);
});

after(async () => {
  await first?.[Symbol.asyncDispose]();
  await second?.[Symbol.asyncDispose]();
  await old?.[Symbol.asyncDispose]();
  await postgres?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

test('3. a trust folder is looked at', async () => {
  const done = await run(next('3', 'npx countermark import'), { store: second });
  assert.match(done.stdout, /docker\.io\/acme\/app +new /);
  assert.match(done.stdout, /keys of these roles lie there, and stay there: .*root/);
});

test('2. without the keys of the signer, the owner gives new ones', async () => {
  const place = { store: second, gun: tool };
  const dryRun = next('2', 'npx countermark import');
  const report = await run(dryRun, place);
  assert.match(report.stdout, /docker\.io\/acme\/tool +new .* unknown/);
  assert.match(report.stdout, /owner: otherwise take the snapshot key to yourself/);
  const rotateTimestamp = next('2', 'notary ');
  await run(next('2', 'notary '), place);
  await second.stop();
  await run(`${dryRun.replace(' --dry-run', '')}`, place);
  await second.up();
  await addPublisher(second);
  assert.equal(next('2', 'notary '), rotateTimestamp);
  await run(rotateTimestamp, place);
  await run(next('2', 'notary '), place);
  await notary(second, 'add', tool, 'v2 content -p');
  assert.match(await notary(second, 'list', tool), /^v1 [\s\S]*^v2 /m);
  assert.match(await notary(second, 'list', tool, '', 'stranger'), /^v2 /m);
});

test('1. with both databases nobody notices, and a terminal shows a bar', async () => {
  const dumps = [next('1', 'pg_dump'), next('1', 'pg_dump')];
  const passphrase = next('1', 'export NOTARY_SIGNER_ALIAS1=...').replace('...', '"$PASSPHRASE"');
  const command = next('1', 'npx countermark import');
  const place = { store: first };
  const report = await run([...dumps, passphrase, command].join('\n'), place);
  assert.match(report.stdout, /docker\.io\/acme\/app +new .* continues +continues /);
  await old[Symbol.asyncDispose]();
  await first.stop();
  const guns = join(folder, 'guns.txt');
  writeFileSync(guns, `# only this one\n\n  ${app}\n`);
  const watched = `${command.replace(' --dry-run', '')} --guns-file ${guns}`;
  writeFileSync(join(folder, 'import.sh'), substituted(watched, place));
  const script = 'script --quiet --return --flush --command "sh import.sh" /dev/null';
  const done = await run([...dumps, passphrase, script].join('\n'), place);
  assert.match(done.stdout, /\r\[#{24}\] 1 of 1 {2}docker\.io\/acme\/app {2}\d+ files/);
  assert.match(done.stdout, /1 imported \(\d+ files\), 0 here already, 0 refused/);
  await first.up();
  await addPublisher(first);
  const before = timestampOf(app);
  assert.match(await notary(first, 'list', app), /^v1 /m);
  assert.match(await notary(first, 'list', app, '', 'stranger'), /^v1 /m);
  assert.deepEqual(await dockerSees(first), ['v1']);
  await notary(first, 'add', app, 'v2 content -p');
  assert.match(await notary(first, 'list', app), /^v1 [\s\S]*^v2 /m);
  assert.equal(timestampOf(app), before + 1);
  assert.deepEqual(await dockerSees(first), ['v1', 'v2']);
});

test('no command of the runbook is left', () => {
  assert.deepEqual([...runbook.values()].flat(), []);
});

/** Signed tags, as a consumer's docker with a cache of its own lists them, and a login at docker.io. */
async function dockerSees({ url }: { readonly url: string }): Promise<string[]> {
  const home = join(folder, 'consumer');
  const auth = Buffer.from(`${paula.name}:${paula.password}`).toString('base64');
  const logins = { auths: { 'https://index.docker.io/v1/': { auth } } };
  writeFileSync(join(home, '.docker', 'config.json'), JSON.stringify(logins));
  const env = { ...plainEnvironment(), HOME: home, DOCKER_CONTENT_TRUST_SERVER: url };
  const done = succeeded(await runCommand('docker', ['trust', 'inspect', 'acme/app'], { env }));
  const [image] = JSON.parse(done.stdout) as { SignedTags: { SignedTag: string }[] }[];
  return (image?.SignedTags ?? []).map(({ SignedTag }) => SignedTag).sort();
}

/** The commands of the blocks, by number of their section; a broken line is one. */
function readRunbook(): Map<string, string[]> {
  const text = readFileSync(join(root, 'docs', 'operations', 'import-notary.md'), 'utf8');
  const sections = new Map<string, string[]>();
  let commands: string[] | undefined;
  for (const line of text.replaceAll(/\\\n +/g, '').split('\n')) {
    const [, number] = /^## (?:(\d)\.)?/.exec(line) ?? [];
    if (line.startsWith('## ')) commands = undefined;
    if (number !== undefined) {
      commands = [];
      sections.set(number, commands);
    }
    const command = /^ {4}([^ ].*)$/.exec(line)?.[1]?.replace(/\s*#.*$/, '');
    if (command) commands?.push(command);
  }
  return sections;
}

/** The next command of a section, which begins so. */
function next(section: string, beginning: string): string {
  const command = runbook.get(section)?.shift();
  if (command?.startsWith(beginning)) return command;
  assert.fail(`the runbook says ${command}, not ${beginning}`);
}

interface Place {
  readonly store: ServerProcess;
  readonly gun?: string;
}

function substituted(command: string, { store, gun = app }: Place): string {
  return command
    .replaceAll('https://trust.example:5443', store.url)
    .replaceAll('https://notary.example:4443', old.url)
    .replaceAll('./data', store.data)
    .replace(/\bnotaryserver\b/, `'${old.serverDatabase}'`)
    .replace(/\bnotarysigner\b/, `'${old.signerDatabase}'`)
    .replace(/\bGUN\b/, gun);
}

/** Runs commands in one shell, at home with the owner unless told; `~` is that home. */
async function run(commands: string, place: Place, who = 'owner') {
  const names = ['ROOT', 'TARGETS', 'SNAPSHOT', 'DELEGATION'];
  const passphrases = names.map((name) => [`NOTARY_${name}_PASSPHRASE`, 'a passphrase']);
  const env = {
    ...plainEnvironment(),
    ...Object.fromEntries(passphrases),
    NOTARY_AUTH: Buffer.from(`${paula.name}:${paula.password}`).toString('base64'),
    PASSPHRASE: signerPassphrase,
    HOME: join(folder, who),
  };
  const path = `export PATH="${join(folder, 'bin')}:$PATH"`;
  const script = ['set -e', path, substituted(commands, place)].join('\n');
  const options = { env, cwd: folder, input: 'yes\n' };
  return succeeded(await runCommand('sh', ['-c', script], options));
}

/** One command of the notary client, as section 1 and 2 write it. */
async function notary(
  place: { readonly url: string },
  command: string,
  gun: string,
  rest = '',
  who = 'owner',
): Promise<string> {
  const words = `notary -s ${place.url} -d ~/.docker/trust ${command} ${gun} ${rest}`;
  return (await run(words, { store: first }, who)).stdout;
}

async function addPublisher(store: ServerProcess): Promise<void> {
  // Section 1, step 3.
  const words = 'user add paula --role producer --namespace docker.io --password-stdin'.split(' ');
  const done = await store.cli(words, { as: admin, input: `${paula.password}\n` });
  assert.equal(done.code, 0, printed(done));
}

/** Version of the timestamp in the owner's cache. */
function timestampOf(gun: string): number {
  const trust = join(folder, 'owner', '.docker', 'trust', 'tuf', ...gun.split('/'));
  return JSON.parse(readFileSync(join(trust, 'metadata', 'timestamp.json'), 'utf8')).signed.version;
}
