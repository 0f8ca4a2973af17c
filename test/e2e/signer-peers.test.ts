import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { RemoteRoleKeys } from '../../src/adapters/keys/index.ts';
import { TrustServer } from '../../src/trust/index.ts';
import { plainEnvironment, runCommand, succeeded } from '../support/command.ts';
import { MemoryMetadataStore } from '../support/memory-metadata-store.ts';
import { SignerWorld } from '../support/signer-world.ts';
import { partsOf, SimulatedPublisher } from '../support/simulated-publisher.ts';
import { edits, gun, now, tag } from '../support/trust-world.ts';

/*
 * Debian's notary-server 0.7 with our signer, and our trust server with Debian's notary-signer.
 */
describe("Debian's notary-server with our signer", () => {
  let world: SignerWorld;
  let url = '';
  before(async () => {
    world = new SignerWorld();
    ({ url } = await world.debiansServer((await world.ours()).address));
  });
  after(() => world[Symbol.asyncDispose]());

  test('the server finds the signer healthy', async () => {
    const answer = await fetch(`${url}/_notary_server/health`);
    assert.equal(await answer.text(), '{}');
    assert.equal(answer.status, 200);
  });

  test('the notary client creates, publishes, rotates and reads', async () => {
    const repository = 'example.com/n/app';
    const target = world.file('target', 'one');
    const publisher = notary(world, url, 'publisher');
    await publisher('init', repository);
    await publisher('key', 'rotate', repository, 'snapshot', '-r');
    await publisher('add', repository, 'v1', target);
    await publisher('publish', repository);
    await publisher('key', 'rotate', repository, 'timestamp', '-r');
    const listed = await notary(world, url, 'reader')('list', repository);
    assert.match(listed, /^v1\s+[0-9a-f]{64}\s+3\s+targets\s*$/m);
  });
});

test("our server with Debian's notary-signer publishes, also after a restart", async () => {
  await using world = new SignerWorld();
  const { address } = await world.debians();
  const store = new MemoryMetadataStore();
  const started = () => {
    const published = store.current.bind(store);
    return new TrustServer(store, new RemoteRoleKeys(world.connect(address), published));
  };
  const first = started();
  const publisher = new SimulatedPublisher(first, gun, now);
  await first.accept(gun, partsOf(await publisher.initialise(now)), now);
  const server = started();
  const update = await publisher.update({ targets: edits([['targets', tag('1')]]) }, now);
  const files = await server.accept(gun, partsOf(update), now);
  assert.ok(files.some(({ role, version }) => role === 'timestamp' && version === 2));
});

/** The notary client of one person. */
function notary(world: SignerWorld, url: string, name: string) {
  const folder = join(world.folder, name);
  const passphrase = randomBytes(9).toString('hex');
  const env = {
    ...plainEnvironment(),
    HOME: world.folder,
    NOTARY_ROOT_PASSPHRASE: passphrase,
    NOTARY_TARGETS_PASSPHRASE: passphrase,
    NOTARY_SNAPSHOT_PASSPHRASE: passphrase,
  };
  return async (...args: string[]) => {
    const done = await runCommand('notary', ['-s', url, '-d', folder, ...args], { env });
    return succeeded(done).stdout;
  };
}

test('the certificates of "pki init" are those that OpenSSL verifies', async () => {
  await using world = new SignerWorld();
  const at = (name: string) => join(world.pki, name);
  for (const [name, use] of [
    ['signer.crt', 'sslserver'],
    ['client.crt', 'sslclient'],
  ] as const) {
    const args = ['verify', '-x509_strict', '-purpose', use, '-CAfile', at('ca.crt'), at(name)];
    succeeded(await runCommand('openssl', args));
  }
  assert.match(readFileSync(at('signer.key'), 'utf8'), /^-----BEGIN PRIVATE KEY-----/);
});
