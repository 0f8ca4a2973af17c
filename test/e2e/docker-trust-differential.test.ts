/**
 * `docker trust`, docker 28.2.2's and ours, on two copies of one state: two docker folders with the
 * same keys, and two repositories of one trust server that were made by the same steps. A row runs
 * one command with both and compares standard output, standard error, exit code, the files of the
 * folder (name, mode, kind of key) and the metadata on the server (versions, roles, targets). Key
 * ids and names of the two are made the same before. Rows run in their order: each begins where the
 * one before ended.
 *
 * A row that differs names how: its entry stands in docs/divergences.md.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ownProgram } from '../support/own-program.ts';
import { type ReferencePair, startReferencePair } from '../support/peers-reference.ts';
import { compare, type Row, Side } from '../support/trust-differential.ts';

const digest = (digit: string) => digit.repeat(64);
const sign =
  (tag: string, digit: string, role = 'targets') =>
  (side: Side) =>
    side.notary('addhash', side.gun, tag, '100', '--sha256', digest(digit), '-r', role, '-p');

const reason = {
  why: '`inspect` of what cannot be read',
  stderr: /^no signatures or cannot access \S+ \([A-Z]/,
};
const told = {
  why: '`inspect` of what cannot be read',
  stderr: /^no signatures or cannot access \S+ \(|^inv/,
};
const plainKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});
/** As notary wrote keys before 0.6: encrypted, in OpenSSL's old form. */
const lockedKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'sec1',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'the other passphrase',
});
function keyFile(name: string, content: string | Buffer, mode = 0o600) {
  return (side: Side) => writeFileSync(join(side.folder, name), content, { mode });
}
/** Only our side keeps it, see G2; from here on both are the same again. */
const forgetMia = (side: Side) => side.forgetKey('mia');
const unreached = 'why something cannot be read or reached, a key file or a server';
/** A line's end is a blank here. */
const unprinted = {
  why: 'control characters in what is typed or served',
  stderr: /^valid https URL required for trust server, got https:\/\/h\/ \n$/,
};
const nobody = { DOCKER_CONTENT_TRUST_SERVER: 'https://127.0.0.1:1' };

/** Help that lists commands lists ours too; otherwise it is docker's. */
const hasMoreCommands = /^(key )?(--help)?$|^key$/;
const more = { why: 'there are more commands', more: true } as const;
/** Help with a flag of ours. */
const json = { why: 'data for programs', stdout: /--json/ } as const;
const moreFlags: Readonly<Record<string, Row['differs']>> = {
  'revoke --help': json,
  'key generate --help': json,
  'signer add --help': json,
  'signer remove --help': json,
  'sign --help': { why: 'an index that is in the registry only', stdout: /--remote/ },
  'inspect --help': { why: 'an index that is in the registry only', stdout: /--platforms/ },
};

const rows: readonly Row[] = [
  // Arguments.
  ...[
    ['', '--help', 'nosuch', '--nosuch', '-x'],
    ['sign', 'sign --help', 'sign a b', 'sign --nosuch R', 'sign --local=x R', 'sign -l R'],
    ['sign UPPER:1', 'sign R', `sign R@sha256:${digest('1')}`, 'sign a:b:c', 'sign R:'],
    ['key', 'key --help', 'key nosuch', 'signer', 'signer --help', 'signer nosuch'],
    ['inspect', 'inspect --help', 'inspect --nosuch R', 'inspect --pretty=x R', 'inspect -p R'],
    ['revoke', 'revoke --help', 'revoke a b', 'revoke -x R', 'revoke --yes=no R', 'revoke -yx R'],
    ['key generate', 'key generate --help', 'key generate a b', 'key generate --dir'],
    ['key generate A', 'key generate -- -a', 'key generate a.b', 'key generate --dir=/nosuch a'],
    ['signer add', 'signer add --help', 'signer add a', 'signer add a R', 'signer add --key'],
    ['signer add --key /nosuch a R', 'signer add --key DIR/x A R'],
    ['signer add --key DIR/x releases R', 'signer add --key= a R'],
    ['signer remove', 'signer remove --help', 'signer remove a', 'signer remove releases R'],
    ['signer remove -fx a R', 'signer remove releases R R'],
    ['revoke UPPER', 'revoke a@b', `revoke R@sha256:${digest('1')}`, 'revoke http://x/y'],
    // Flags between a group and its command.
    [
      '--help=x',
      '--nosuch inspect R',
      '--nosuch=1 inspect R',
      '-- inspect R',
      'key -y=1 generate a',
    ],
    ['signer --help=false add a R', 'revoke -y= R', "revoke -' R"],
    // Names, each with a reason of its own.
    [`revoke ${'0123456789abcdef'.repeat(4)}`, 'revoke h.x/A', `revoke A@sha256:${digest('1')}`],
    ['revoke a@sha256:0123456789abcdef0123456789abcdef', `revoke a@md5:${digest('1')}`],
    [`revoke a@sha256:${'A'.repeat(64)}`, `revoke h.x/${'a'.repeat(256)}`, 'revoke \u00c4'],
    // Files.
    ['key load DIR/config.json/x', `key load ${'a'.repeat(300)}`, 'signer add --key DIR a R'],
    [`signer add --key ${'a'.repeat(300)} a R`, `key generate ${'a'.repeat(300)}`],
  ]
    .flat()
    .map((run): Row => {
      const differs = hasMoreCommands.test(run) ? more : moreFlags[run];
      return { run, ...(differs && { differs }) };
    }),
  // Nothing there yet.
  { run: 'inspect R' },
  { run: 'inspect R:1 R' },
  { run: 'inspect --pretty R' },
  { run: 'inspect R', env: nobody, differs: reason },
  {
    run: 'sign R:1',
    env: nobody,
    differs: { why: unreached, stderr: /^Error: error contacting notary server: https:/ },
  },
  // A trust server on this machine is verified for images of other hosts: this one has no known certificate.
  {
    run: 'sign h.x/a:1',
    differs: {
      why: unreached,
      stderr: /^(Error: error contacting notary server: |REMOTE_CERTIFICATE: )/,
    },
  },
  {
    run: 'signer remove a R',
    env: nobody,
    differs: { why: unreached, stderr: /^error retrieving signers for R: REMOTE_UNREACHABLE: / },
  },
  { run: 'sign R:1', env: { DOCKER_CONTENT_TRUST_SERVER: 'https://h/\n' }, differs: unprinted },
  { run: 'revoke R', input: 'n\n' },
  { run: 'revoke R', input: '' },
  // Keys.
  { run: 'key generate jeff --dir DIR' },
  { run: 'key generate jeff --dir DIR' },
  { run: 'key generate ann_1-b --dir=DIR' },
  // A signer makes the repository.
  { run: 'signer add --key DIR/jeff.pub jeff R' },
  { run: 'inspect R' },
  { run: 'inspect --pretty R' },
  { run: 'signer add --key DIR/ann_1-b.pub --key DIR/jeff.pub ann R' },
  { run: 'inspect R' },
  // Tags.
  { run: 'inspect R', first: sign('v2', '2') },
  { run: 'inspect R:v2' },
  { run: 'inspect R:nope' },
  { run: 'inspect --pretty R:v2' },
  { run: 'inspect --pretty R:nope' },
  { run: 'inspect R', first: sign('v10', '3', 'targets/releases') },
  { run: 'inspect --pretty R', first: sign('v10', '3', 'targets/jeff') },
  { run: 'inspect R R:v10' },
  { run: 'inspect --pretty R R:v10' },
  { run: 'revoke R:nope' },
  { run: 'revoke R:v10' },
  { run: 'inspect R' },
  {
    run: 'revoke R',
    input: 'y\n',
    first: async (side) => {
      await side.notary('remove', side.gun, 'v2', '-p');
      await sign('v3', '4', 'targets/releases')(side);
    },
  },
  { run: 'inspect R' },
  { run: 'revoke --yes R' },
  { run: 'revoke -y R:v3' },
  // Private keys from elsewhere.
  { run: 'key load' },
  { run: 'key load --help', differs: json },
  { run: 'key load a b' },
  { run: 'key load --name A DIR/x' },
  { run: 'key load DIR/nosuch' },
  { run: 'key load DIR/open.pem', first: keyFile('open.pem', plainKey, 0o644) },
  { run: 'key load DIR/plain.pem', first: keyFile('plain.pem', plainKey) },
  { run: 'key load DIR/plain.pem --name=eve' },
  { run: 'key load DIR/jeff.pub' },
  { run: 'key load DIR/text', first: keyFile('text', 'not a key\n') },
  {
    run: 'key load --name mia DIR/locked.pem',
    first: keyFile('locked.pem', lockedKey),
    differs: { why: '`key load` of an encrypted key (G2)', effect: true },
  },
  // Servers that cannot be asked.
  {
    run: 'inspect R',
    env: { DOCKER_CONTENT_TRUST_SERVER: 'http://127.0.0.1:1' },
    first: forgetMia,
    differs: told,
  },
  { run: 'inspect UPPER' },
  // Signers.
  {
    run: 'signer add --key DIR/text bob R',
    differs: { why: unreached, stderr: /FOLDER_KEY_/ },
  },
  { run: 'signer remove nobody R' },
  { run: 'signer remove nobody R R' },
  {
    run: 'signer remove -f ann R',
    differs: {
      why: '`signer remove` (G1)',
      stdout: /Successfully removed ann from R\n\n$/,
      effect: true,
    },
  },
  {
    run: 'signer remove ann R',
    differs: {
      why: '`signer remove` (G1)',
      stdout: /^Removing signer "ann" from R\.\.\.\n$/,
      stderr: /^no signer ann for repository R\n\nerror removing signer from: R\n$/,
      code: 1,
      effect: true,
    },
  },
];

let pair: ReferencePair;
let docker: Side;
let ours: Side;
before(async () => {
  pair = await startReferencePair();
  docker = new Side(pair, 'theirs', ['docker', 'trust'], 2);
  ours = new Side(pair, 'ours', [...ownProgram(), 'docker', 'trust'], 1);
});
after(async () => {
  docker?.[Symbol.dispose]();
  ours?.[Symbol.dispose]();
  await pair?.[Symbol.asyncDispose]();
});

for (const [i, row] of rows.entries()) {
  test(`${i + 1}: docker trust ${row.run}`, () => compare(row, docker, ours));
}

test('notary reads what ours wrote', async () => {
  const listed = await ours.notary('delegation', 'list', ours.gun);
  assert.match(listed, /^targets\/jeff\s+"" <all paths>/m);
  assert.doesNotMatch(listed, /targets\/ann/);
  await sign('v4', '4', 'targets/releases')(ours);
  assert.match(await ours.notary('list', ours.gun), new RegExp(`v4\\s+${digest('4')}`));
});

test('G8: who has no key signs nothing, where docker says that it did', async () => {
  for (const side of [docker, ours]) {
    await side.notary('init', `${side.gun}8`, '-p');
    await side.notary('addhash', `${side.gun}8`, 'v1', '100', '--sha256', digest('1'), '-p');
    await side.notary('key', 'rotate', `${side.gun}8`, 'snapshot', '-r');
    rmSync(join(side.folder, 'trust', 'private'), { recursive: true });
  }
  const theirs = await docker.run({ run: `sign ${docker.gun}8:v1` });
  assert.deepEqual([theirs.code, theirs.stderr], [0, '']);
  const { code, stderr } = await ours.run({ run: `sign ${ours.gun}8:v1` });
  assert.deepEqual([code, /no valid signing keys/.test(stderr)], [1, true], stderr);
});
