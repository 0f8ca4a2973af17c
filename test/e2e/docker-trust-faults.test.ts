/**
 * `docker trust`, docker 28.2.2's and ours, where docker is known to be at fault, at a terminal, with
 * variables and with keys of every kind. Rows as in docker-trust-differential.test.ts, first with
 * Debian's notary-server for both sides; then those about trust itself with our server for both.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeTlsCertificate } from '../../src/adapters/certificates/index.ts';
import { startOpenTrustServer } from '../support/open-trust-server.ts';
import { ownProgram } from '../support/own-program.ts';
import { startReferencePair } from '../support/peers-reference.ts';
import { compare, type Row, Side, type SidePlace } from '../support/trust-differential.ts';

const hash = (digit: string) => digit.repeat(64);
const sign =
  (tag: string, digit: string, role = 'targets') =>
  (side: Side) =>
    side.notary('addhash', side.gun, tag, '100', '--sha256', hash(digit), '-r', role, '-p');

const index = new URL('../fixtures/oci/buildah-1.28.2/index.json', import.meta.url);
/** As notary signs a file: by the bytes of an index that buildah wrote. */
function signIndex(side: Side) {
  const role = ['-r', 'targets/releases'];
  return side.notary('add', side.gun, 'index', fileURLToPath(index), ...role, '-p');
}

const made = {
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  weak: generateKeyPairSync('rsa', { modulusLength: 1024 }),
  ed25519: generateKeyPairSync('ed25519'),
};
const pem = {
  pkcs8: (key: KeyObject) => String(key.export({ type: 'pkcs8', format: 'pem' })),
  pkcs1: (key: KeyObject) => String(key.export({ type: 'pkcs1', format: 'pem' })),
  sec1: (key: KeyObject) => String(key.export({ type: 'sec1', format: 'pem' })),
  spki: (key: KeyObject) => String(key.export({ type: 'spki', format: 'pem' })),
};
const stranger = makeTlsCertificate({ hosts: [], now: new Date() }).certificate;

const file = (name: string, content: string) => (side: Side) =>
  writeFileSync(join(side.folder, name), content, { mode: 0o600 });

const unread = (cause: string) => ({
  why: '`inspect` of what cannot be read',
  stderr: new RegExp(`^no signatures or cannot access \\S+ \\(${cause}`),
});
const unpassed = { DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE: '', NOTARY_TARGETS_PASSPHRASE: '' };
const asking = {
  ...unpassed,
  DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE: '',
  NOTARY_ROOT_PASSPHRASE: '',
  NOTARY_SNAPSHOT_PASSPHRASE: '',
  NOTARY_DELEGATION_PASSPHRASE: '',
};
const word = 'the other passphrase';

/** Keys of every kind. */
const keys: readonly Row[] = [
  {
    run: 'key load DIR/rsa.pem --name rsa',
    first: file('rsa.pem', pem.pkcs8(made.rsa.privateKey)),
  },
  {
    run: 'key load DIR/one.pem --name one',
    first: file('one.pem', pem.pkcs1(made.rsa.privateKey)),
  },
  {
    run: 'key load DIR/sec.pem --name sec',
    first: file('sec.pem', pem.sec1(made.p256.privateKey)),
  },
  {
    run: 'key load DIR/ed.pem --name ed',
    first: file('ed.pem', pem.pkcs8(made.ed25519.privateKey)),
    differs: {
      why: '`key load` of an Ed25519 key',
      stdout: /^Loading .*\nSuccessfully imported key/,
      stderr: /^$/,
      code: 0,
      effect: true,
    },
  },
  {
    run: 'key load DIR/wide.pem',
    first: (side) => {
      side.forgetKey('ed');
      file('wide.pem', pem.sec1(made.p384.privateKey))(side);
    },
  },
  { run: 'key load DIR/empty.pem', first: file('empty.pem', '') },
  { run: 'key load DIR' },
];

/** At a terminal, and without one. */
const terminals: readonly Row[] = [
  { run: 'key generate pat --dir DIR', env: asking, typed: [word, word] },
  {
    run: 'key generate pia --dir DIR',
    env: asking,
    typed: ['short', word, 'another one', word, word],
  },
  { run: 'key generate pat --dir DIR', env: asking, typed: [] },
  {
    run: 'key generate tom --dir DIR',
    env: asking,
    input: `${word}\n${word}\n`,
    differs: {
      why: 'passphrases on standard input that is no terminal (G19)',
      stdout: /^Generating key for tom\.\.\.\n$/,
      stderr: /PASSPHRASE_NEEDED/,
      code: 1,
      effect: true,
    },
  },
  // A variable has no least length, typed or not.
  {
    run: 'key generate una --dir DIR',
    env: { DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE: 'x' },
    first: forget('tom'),
  },
];

/** What variables say. */
const variables: readonly Row[] = [
  { run: 'inspect R', env: { DOCKER_CONTENT_TRUST: '1' } },
  { run: 'inspect R', env: { DOCKER_CONTENT_TRUST: '0' } },
  { run: 'inspect R', env: { DOCKER_CONTENT_TRUST: 'neither' } },
  {
    run: 'revoke -y R:1',
    env: { DOCKER_CONTENT_TRUST_SERVER: 'ftp://127.0.0.1' },
  },
  { run: 'revoke -y R:1', env: { DOCKER_CONTENT_TRUST_SERVER: 'neither' } },
  {
    run: 'inspect R',
    env: { DOCKER_CONTENT_TRUST_SERVER: 'https://127.0.0.1:1' },
    differs: unread('REMOTE_UNREACHABLE'),
  },
];

/** Trust itself, from the first signer to a repository that is gone. */
const trust: readonly Row[] = [
  {
    run: 'key generate jeff --dir DIR',
    // Who signs at a terminal is asked for one key each.
    first: (side) => {
      for (const name of ['signer', 'one', 'sec', 'pat', 'pia']) side.forgetKey(name);
    },
  },
  { run: 'signer add --key DIR/jeff.pub jeff R' },
  {
    run: 'signer add --key DIR/rsa.pub rsa R',
    first: file('rsa.pub', pem.spki(made.rsa.publicKey)),
  },
  { run: 'inspect R' },
  {
    run: 'signer add --key DIR/p384.pub wide R',
    first: file('p384.pub', pem.spki(made.p384.publicKey)),
  },
  { run: 'signer add --key DIR/own.crt own R', first: file('own.crt', stranger) },
  {
    run: 'signer add --key DIR/ed.pub ed R',
    first: file('ed.pub', pem.spki(made.ed25519.publicKey)),
    differs: {
      why: 'why something cannot be read or reached, a key file or a server',
      stderr: /FOLDER_KEY_UNSUPPORTED/,
    },
  },
  { run: 'inspect --pretty R' },
  // An index is signed as what its digest names, and needs no engine when it is signed already.
  { run: 'inspect R:index', first: signIndex },
  { run: 'sign R:index' },
  { run: 'inspect R:index' },
  { run: 'sign R:index' },
  { run: 'sign R:index', env: asking, typed: [word] },
  { run: 'sign R:index', env: asking, typed: ['wrong', word] },
  {
    run: 'sign R:index',
    env: asking,
    input: `${word}\n`,
    differs: {
      why: 'passphrases on standard input that is no terminal (G19)',
      stdout: /^/,
      stderr: /PASSPHRASE_NEEDED/,
      code: 1,
      effect: true,
    },
  },
  { run: 'revoke R', typed: ['n'] },
  { run: 'revoke R', typed: [''] },
  { run: 'revoke R:nope', typed: [] },
  // G1: docker removes nobody.
  {
    run: 'signer remove own R',
    differs: {
      why: '`signer remove` (G1)',
      stdout: /Successfully removed own from R\n\n$/,
      effect: true,
    },
  },
  {
    run: 'inspect R:nope',
    // What docker left undone, so that both are the same again.
    first: async (side) => {
      const ids = await side.keysOf('targets/own');
      if (ids.length === 0) return;
      await side.notary('delegation', 'remove', side.gun, 'targets/own', '-y', '-p');
      await side.notary('delegation', 'remove', side.gun, 'targets/releases', ...ids, '-y', '-p');
    },
  },
  // G11: a certificate beside docker's configuration is asked for, or not.
  {
    run: 'inspect R',
    first: withStranger,
    differs: {
      ...unread('REMOTE_CERTIFICATE'),
      why: 'TLS on loopback (G11)',
      stdout: /^\[\]\n$/,
      code: 1,
    },
  },
];

/** The last rows of a repository: what its folder remembers is all that is left. */
const endings: readonly Row[] = [
  // G7: nobody there, and nothing there.
  { run: 'inspect R', first: withoutStranger },
  ...['https://127.0.0.1:1', 'SERVER/nowhere'].map((server) => ({
    run: 'inspect R',
    env: { DOCKER_CONTENT_TRUST_SERVER: server },
    differs: {
      why: '404 or no network with a cached set (G7)',
      stdout: /^\[\]\n$/,
      stderr: /^no signatures or cannot access R/,
      code: 1,
    },
  })),
  // G5: releases without a key that signed it; `targets` has the tag with a digest of before.
  {
    run: 'inspect R:index',
    first: async (side) => {
      await sign('index', '5')(side);
      const ids = await side.keysOf('targets/releases');
      await side.notary('delegation', 'remove', side.gun, 'targets/releases', ...ids, '-y', '-p');
    },
    differs: {
      why: 'stale `targets` behind an invalid `targets/releases` (G5)',
      stdout: /^\[\]\n$/,
      stderr: /TUF_BELOW_THRESHOLD/,
      code: 1,
      effect: true,
    },
  },
  {
    run: 'inspect --pretty R:index',
    differs: {
      why: 'stale `targets` behind an invalid `targets/releases` (G5)',
      stdout: /^$/,
      stderr: /TUF_BELOW_THRESHOLD/,
      code: 1,
      effect: true,
    },
  },
];

const places: Readonly<Record<string, () => Promise<SidePlace & AsyncDisposable>>> = {
  'notary-server': startReferencePair,
  'our server': async () => {
    const server = await startOpenTrustServer({ tls: true });
    return {
      registry: '127.0.0.1:5000',
      trustServer: server.url,
      certificateFile: server.certificateFile ?? '',
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
};

for (const [name, open] of Object.entries(places)) {
  describe(`with ${name}`, () => {
    let place: SidePlace & AsyncDisposable;
    let docker: Side;
    let ours: Side;
    before(async () => {
      place = await open();
      docker = new Side(place, 'theirs', ['docker', 'trust'], 2);
      ours = new Side(place, 'ours', [...ownProgram(), 'docker', 'trust'], 1);
    });
    after(async () => {
      docker?.[Symbol.dispose]();
      ours?.[Symbol.dispose]();
      await place?.[Symbol.asyncDispose]();
    });
    const first = name === 'notary-server' ? [...keys, ...terminals, ...variables] : [];
    let versions: 'same' | 'any' = 'same';
    for (const [i, row] of [...first, ...trust, ...endings].entries()) {
      const how = row.typed ? ', at a terminal' : '';
      // From here on ours has signed what docker leaves as it was.
      if (row.run.startsWith('sign ')) versions = 'any';
      const compared = versions;
      test(`${i + 1}: docker trust ${row.run}${how}`, () => compare(row, docker, ours, compared));
    }
  });
}

function withStranger(side: Side): void {
  const folder = join(side.folder, 'tls', new URL(side.trustServer).host);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'stranger.crt'), stranger);
}

function withoutStranger(side: Side): void {
  rmSync(join(side.folder, 'tls'), { recursive: true });
}

/** Only docker made it; from here on both are the same again. */
function forget(name: string): (side: Side) => void {
  return (side) => side.forgetKey(name);
}
