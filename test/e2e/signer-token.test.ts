import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { RemoteRoleKeys } from '../../src/adapters/keys/index.ts';
import {
  DatabaseKeys,
  KeptKeys,
  KeyRows,
  openSignerDatabase,
  openToken,
  Passphrases,
  type SignerDatabase,
} from '../../src/adapters/signer-keys/index.ts';
import { Secret, utf8 } from '../../src/base/index.ts';
import { TrustServer } from '../../src/trust/index.ts';
import { verifySignature } from '../../src/tuf/index.ts';
import { plainEnvironment, runCommand, succeeded } from '../support/command.ts';
import { MemoryMetadataStore } from '../support/memory-metadata-store.ts';
import { SignerWorld } from '../support/signer-world.ts';
import { partsOf, SimulatedPublisher } from '../support/simulated-publisher.ts';
import { gun } from '../support/trust-world.ts';

/*
 * Keys on a PKCS#11 token: SoftHSM 2, which is a token in a folder.
 */
const now = new Date('2026-11-20T12:00:00Z');
const owner = { gun: 'example.com/n/app', role: 'timestamp' };
const payload = utf8('{"_type":"Timestamp"}');
const env = { NOTARY_SIGNER_DEFAULT: 'a passphrase' };
const module = '/usr/lib/softhsm/libsofthsm2.so';
const missing = await whatIsMissing();
if (missing && process.env.CI) throw new Error(missing);
const skip = missing ?? false;

const folder = mkdtempSync(join(tmpdir(), 'cm-token-'));
const options = { module, token: 'signer', pin: new Secret('1234') };
let db: SignerDatabase;

before(async () => {
  if (skip) return;
  mkdirSync(join(folder, 'tokens'));
  process.env.SOFTHSM2_CONF = join(folder, 'softhsm2.conf');
  writeFileSync(process.env.SOFTHSM2_CONF, `directories.tokendir = ${folder}/tokens\n`);
  const args = ['--init-token', '--free', '--label', 'signer', '--pin', '1234', '--so-pin', '1234'];
  succeeded(await runCommand('softhsm2-util', args));
  db = await openSignerDatabase(':memory:');
});

after(async () => {
  await db?.destroy();
  rmSync(folder, { recursive: true, force: true });
});

async function open() {
  const token = await openToken(options);
  const rows = new KeyRows(db);
  const keys = new KeptKeys(rows, new DatabaseKeys(rows, new Passphrases(env)), token);
  return { keys, [Symbol.dispose]: () => token[Symbol.dispose]() };
}

test('a key of the token signs, also after a restart, and lies nowhere else', {
  skip,
}, async () => {
  let held: Awaited<ReturnType<KeptKeys['pending']>>;
  {
    using first = await open();
    held = await first.keys.pending(owner, 'ecdsa', now);
    assert.equal((await first.keys.pending(owner, 'ecdsa', now)).key.id, held.key.id);
  }
  using second = await open();
  for (let round = 0; round < 3; round++) {
    const bytes = await second.keys.sign(held, payload, now);
    verifySignature(held.key, { keyId: held.key.id, method: 'ecdsa', bytes }, payload);
  }
  const rows = await db.selectFrom('private_keys').select(['kept', 'private']).execute();
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    [{ kept: 'token', private: '' }],
  );
});

test('the token gives its private key to nobody', { skip }, async () => {
  using _open = await open();
  const library = (await import('pkcs11js')).default;
  const pkcs11 = new library.PKCS11();
  pkcs11.load(module);
  const [slot] = pkcs11.C_GetSlotList(true);
  assert.ok(slot);
  const session = pkcs11.C_OpenSession(slot, library.CKF_SERIAL_SESSION);
  pkcs11.C_FindObjectsInit(session, [{ type: library.CKA_CLASS, value: library.CKO_PRIVATE_KEY }]);
  const [key] = pkcs11.C_FindObjects(session, 1);
  pkcs11.C_FindObjectsFinal(session);
  assert.ok(key);
  const read = () => pkcs11.C_GetAttributeValue(session, key, [{ type: library.CKA_VALUE }]);
  assert.throws(read, /CKR_ATTRIBUTE_SENSITIVE/);
  pkcs11.C_CloseSession(session);
});

test('a row that was moved to another GUN finds no key', { skip }, async () => {
  using opened = await open();
  const held = await opened.keys.pending({ ...owner, role: 'snapshot' }, 'ecdsa', now);
  const moved = { gun: 'example.com/n/other', role: 'snapshot' };
  await db.updateTable('private_keys').set(moved).where('key_id', '=', held.key.id).execute();
  await assert.rejects(opened.keys.sign({ ...held, ...moved }, payload, now), {
    code: 'SIGNER_TOKEN',
  });
});

test('the token makes no ed25519 keys, and says so', { skip }, async () => {
  using opened = await open();
  await assert.rejects(opened.keys.pending(owner, 'ed25519', now), {
    code: 'SIGNER_TOKEN_ALGORITHM',
  });
});

const wrong: readonly [what: string, change: object, reason: RegExp][] = [
  ['another PIN', { pin: new Secret('9999') }, /CKR_PIN_INCORRECT/],
  ['another label', { token: 'nobody' }, /no token has this label/],
  ['no such library', { module: '/nowhere/lib.so' }, /does not load/],
];
for (const [what, change, reason] of wrong) {
  test(`a token with ${what} is refused`, { skip }, async () => {
    await assert.rejects(
      openToken({ ...options, ...change }),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'SIGNER_TOKEN');
        assert.match(error.message, reason);
        return true;
      },
    );
  });
}

test('a key on a token does not sign where there is none', { skip }, async () => {
  const rows = new KeyRows(db);
  const keys = new KeptKeys(rows, new DatabaseKeys(rows, new Passphrases(env)));
  const [row] = await db.selectFrom('private_keys').select('key_id').execute();
  const held = await keys.find(row?.key_id ?? '');
  assert.ok(held);
  await assert.rejects(keys.sign(held, payload, now), { code: 'SIGNER_TOKEN' });
});

test('notary-server and the notary client, and our server, work with a signer on a token', {
  skip,
}, async () => {
  await using world = new SignerWorld();
  const flags = { pkcs11Module: module, pkcs11Token: 'signer' };
  const { address } = await world.ours(flags, { ...env, COUNTERMARK_SIGNER_PIN: '1234' });
  const { url } = await world.debiansServer(address);
  const notary = async (who: string, ...args: string[]) => {
    const names = ['ROOT', 'TARGETS', 'SNAPSHOT', 'DELEGATION'];
    const passphrases = names.map((name) => [`NOTARY_${name}_PASSPHRASE`, 'a passphrase']);
    const variables = { HOME: world.folder, ...Object.fromEntries(passphrases) };
    const options = { env: { ...plainEnvironment(), ...variables } };
    const flags = ['-s', url, '-d', join(world.folder, who)];
    return succeeded(await runCommand('notary', [...flags, ...args], options)).stdout;
  };
  const repository = 'example.com/n/token';
  const target = world.file('target', 'one');
  await notary('publisher', 'init', repository);
  await notary('publisher', 'key', 'rotate', repository, 'snapshot', '-r');
  await notary('publisher', 'add', repository, 'v1', target, '-p');
  assert.match(await notary('reader', 'list', repository), /^v1 /m);
  await notary('publisher', 'key', 'rotate', repository, 'timestamp', '-r');
  await notary('publisher', 'key', 'rotate', repository, 'snapshot', '-r');
  await notary('publisher', 'add', repository, 'v2', target, '-p');
  assert.match(await notary('reader', 'list', repository), /^v1 [\s\S]*^v2 /m);

  const store = new MemoryMetadataStore();
  const keys = new RemoteRoleKeys(world.connect(address), store.current.bind(store));
  const trust = new TrustServer(store, keys);
  const publisher = new SimulatedPublisher(trust, gun, now);
  await trust.accept(gun, partsOf(await publisher.initialise(now)), now);
  const expired = new Date(now.getTime() + 30 * 86_400_000);
  assert.equal((await trust.current(gun, 'timestamp', expired))?.version, 2, 'renewed');

  using kept = new DatabaseSync(join(world.data, 'signer.sqlite'), { readOnly: true });
  const places = kept.prepare('select distinct kept, private from private_keys').all();
  assert.deepEqual(
    places.map((row) => ({ ...row })),
    [{ kept: 'token', private: '' }],
  );
});

/** Why no token can be tried here. */
async function whatIsMissing(): Promise<string | undefined> {
  if (!existsSync(module)) return 'SoftHSM is not installed (apt-get install softhsm2)';
  const isCompiled = await import('pkcs11js').then(
    () => true,
    () => false,
  );
  return isCompiled ? undefined : 'pkcs11js is not compiled (apt-get install g++; npm ci)';
}
