/**
 * One person does the same with notary 0.7 on Debian's notary-server and on ours, command by command,
 * and is told the same: exit codes and every line, but for ids and times.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { succeeded } from '../support/command.ts';
import { openssl, Person } from '../support/flow-person.ts';
import { startOpenTrustServer } from '../support/open-trust-server.ts';
import { startReferencePair } from '../support/peers-reference.ts';

const folder = mkdtempSync(join(tmpdir(), 'cm-notary-transcript-'));
const undo = new AsyncDisposableStack();
undo.defer(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);
const G = '127.0.0.1:5000/acme/app';
const hash = ['--sha256', 'ab'.repeat(32)];

let theirs: Person;
let ours: Person;
before(async () => {
  const pair = undo.use(await startReferencePair());
  const store = undo.use(await startOpenTrustServer());
  const place = { url: pair.trustServer, certificateFile: pair.certificateFile };
  [theirs, ours] = [new Person(place, folder, 'theirs'), new Person(store, folder, 'ours')];
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  await certificate('jane-ec', ec);
  await certificate('joe-ec', ec);
  await certificate('joe-rsa', ['-newkey', 'rsa:2048']);
  writeFileSync(at('file'), 'content one');
  writeFileSync(at('custom.json'), '{"a":{"b":[1,2]},"z":"é"}');
  writeFileSync(at('odd.json'), '{"a":"<x>&"}');
});
after(() => undo[Symbol.asyncDispose]());

async function certificate(name: string, key: readonly string[]): Promise<void> {
  const leaf = ['-subj', '/CN=signer', '-addext', 'basicConstraints=critical,CA:FALSE'];
  const files = ['-keyout', at(`${name}.key`), '-out', at(`${name}.crt`)];
  succeeded(await openssl('req', '-x509', '-days', '30', '-nodes', ...key, ...leaf, ...files));
}

/**
 * A line is a command, and `=> 1` its exit code where it is not 0. `G` is the repository, `HASH` any
 * hash, `@NAME` a file, `KEY(ROLE)` the id of a delegation's key.
 */
const script = `
  list G => 1
  status G
  init G
  status G
  publish G
  list G
  add G v1 @file
  add G v1 @file -p
  list G
  lookup G v1
  lookup G v9 => 1
  addhash G v2 5 HASH --custom @custom.json -p
  addhash G v3 5 HASH --custom @odd.json -p => 1
  reset G --all
  list G
  key rotate G snapshot -r
  list G
  delegation add G targets/jane @jane-ec.crt --paths a/,b -p
  delegation list G
  delegation add G targets/joe @joe-rsa.crt --all-paths -p
  delegation add G targets/nobody --all-paths
  publish G => 1
  reset G --all
  delegation add G targets/releases @jane-ec.crt @joe-rsa.crt --all-paths -p
  delegation list G
  key import @jane-ec.key -r jane
  key import @joe-rsa.key -r joe
  addhash G a/1 5 HASH -r targets/jane -p
  list G -r targets/jane
  addhash G out 5 HASH -r targets/jane -p => 1
  reset G --all
  list G -r targets/jane
  addhash G x 5 HASH -r targets/joe -p
  list G
  addhash G y 5 HASH -r targets/none -p => 1
  reset G --all
  addhash G r 5 HASH -r targets/releases -p
  list G -r targets/releases
  witness G targets/jane targets/releases -p
  witness G targets/none -p => 1
  reset G --all
  delegation remove G targets/jane --paths b -p
  delegation list G
  delegation remove G targets/joe KEY(targets/joe) -p
  delegation list G
  list G
  addhash G x2 5 HASH -r targets/joe -p => 1
  reset G --all
  delegation add G targets/joe @joe-ec.crt -p
  delegation list G
  delegation remove G targets/joe -y -p
  delegation add G targets/joe @joe-rsa.crt --all-paths -p
  addhash G x3 5 HASH -r targets/joe -p
  list G -r targets/joe
  delegation purge G --key KEY(targets/jane) -p
  delegation list G
  delegation remove G targets/releases -y -p
  delegation remove G targets/jane -y -p
  delegation remove G targets/joe -y -p
  delegation remove G targets/nobody -y -p
  delegation list G
  addhash G after 5 HASH -p
  list G
  remove G v1 -p
  remove G nope -p
  list G
  key rotate G targets
  key rotate G root
  key rotate G timestamp -r
  key rotate G timestamp => 1
  key rotate G targets -r => 1
  key rotate G root -r => 1
  key rotate G snapshot
  key rotate G snapshot -r
  addhash G after2 5 HASH -p
  list G
  verify G v2 -i @file => 1
  lookup G v2
  delete G
  list G
  delete G --remote
  list G => 1
  init G -p
  addhash G new 5 HASH -p
  list G
  init 127.0.0.1:5000/acme/NNN -p
`;

for (const [i, line] of script.trim().split('\n').entries()) {
  const [command = '', code = '0'] = line.trim().split(' => ');
  test(`${i + 1}: notary ${command}`, async () => {
    const [expected, found] = await Promise.all([said(theirs, command), said(ours, command)]);
    assert.deepEqual(found, expected);
    assert.equal(found.code, Number(code), found.lines.join('\n'));
  });
}

/** Exit code and lines; notary writes what it logs and what it prints in any order. */
async function said(person: Person, command: string) {
  const args: string[] = [];
  for (const word of command.split(' ')) args.push(...(await written(person, word)));
  const { code, stdout, stderr } = await person.run(...args);
  const text = `${stdout}${stderr}`
    .replaceAll(/[0-9a-f]{64}/g, '<id>')
    .replaceAll(/\b[0-9a-f]{7}\b/g, '<short id>')
    .replaceAll(/127\.0\.0\.1:\d{5}\b/g, '<server>')
    .replaceAll(/https?:\/\/<server>/g, '<url>')
    .replaceAll(/time="[^"]*"/g, '<time>')
    // The sentence is the server's own; what it is about is not.
    .replaceAll(/(metadata is invalid: ).*/g, '$1...')
    .replaceAll(person.folder, '<folder>');
  const lines = text.split('\n').map((line) => line.trimEnd());
  return { code, lines: lines.filter((line) => line !== '').sort() };
}

async function written(person: Person, word: string): Promise<string[]> {
  if (word === 'G') return [G];
  if (word === 'HASH') return hash;
  if (word.endsWith('/NNN')) return [word.replace('NNN', 'n'.repeat(200))];
  if (word.startsWith('@')) return [at(word.slice(1))];
  const role = /^KEY\((.+)\)$/.exec(word)?.[1];
  if (role === undefined) return [word];
  const rows = (await person.go('delegation', 'list', G)).split('\n');
  return [rows.find((row) => row.includes(role))?.match(/[0-9a-f]{64}/)?.[0] ?? assert.fail(role)];
}
