/**
 * A namespace in which readers see only what is signed, in a real store: what somebody pushes over a
 * signed tag is not what they get, and what is revoked is gone with the very next request.
 */
import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import { test } from 'node:test';
import { parseDigest, sha256Of, utf8 } from '../../src/base/index.ts';
import { withoutTarget, withTarget } from '../../src/tuf/index.ts';
import { RegistryUser } from '../support/registry-user.ts';
import { ServerProcess } from '../support/server-process.ts';
import { partsOf } from '../support/simulated-publisher.ts';
import { edits } from '../support/trust-world.ts';
import { publishedOn, WireTrust } from '../support/wire-publisher.ts';

const repository = 'acme/app';
const oci = (kind: string) => `application/vnd.oci.image.${kind}`;

test('readers of a signed-only namespace pull what is signed, and nothing else', async () => {
  const policy = {
    anonymousPull: ['acme'],
    registry: { signedOnly: [{ repositories: 'acme/**' }] },
  };
  await using server = await ServerProcess.start({ policy });
  const login = { name: 'paula', password: 'the producer, in a test' };
  await server.addUser({ ...login, role: 'producer', namespace: 'acme' });
  using paula = new RegistryUser(server.url, login);
  using reader = new RegistryUser(server.url);

  const push = async (note: string) => {
    const layer = await paula.pushBlob(repository, utf8(note), oci('layer.v1.tar'));
    const config = await paula.pushBlob(repository, utf8('{}'), oci('config.v1+json'));
    return await paula.pushManifest(repository, 'v1', {
      ...{ schemaVersion: 2, mediaType: oci('manifest.v1+json'), config, layers: [layer] },
    });
  };
  const seenBy = async (user: RegistryUser, path: string, scope = 'pull') => {
    const token = await user.token(`repository:${repository}:${scope}`);
    const answer = await user.request('GET', `/v2/${repository}/${path}`, { token });
    if (path === 'tags/list') return JSON.parse(answer.body.toString()).tags;
    return answer.status === 200 ? answer.headers['docker-content-digest'] : answer.status;
  };

  const signed = await push('good');
  assert.equal(await seenBy(reader, 'manifests/v1'), 404);
  assert.deepEqual(await seenBy(reader, 'tags/list'), []);

  const token = await paula.token(`repository:${server.host}/${repository}:pull,push`);
  const agent = new Agent({ keepAlive: true });
  const trust = new WireTrust(server.url, { headers: { authorization: `Bearer ${token}` }, agent });
  const gun = `${server.host}/${repository}`;
  const publisher = await publishedOn(trust, gun, new Date());
  const publish = async (edit: Parameters<typeof edits>[0][number][1]) => {
    const update = await publisher.update({ targets: edits([['targets', edit]]) }, new Date());
    const answer = await trust.upload(gun, partsOf(update));
    assert.equal(answer.status, 200, answer.body.toString());
  };
  const hashes = new Map([['sha256', sha256Of(parseDigest(signed.digest))]]);
  await publish((targets) => withTarget(targets, 'v1', { sizeBytes: signed.size, hashes }));
  assert.equal(await seenBy(reader, 'manifests/v1'), signed.digest);
  assert.deepEqual(await seenBy(reader, 'tags/list'), ['v1']);

  const unsigned = await push('bad');
  assert.equal(await seenBy(reader, 'manifests/v1'), signed.digest);
  assert.equal(await seenBy(reader, `manifests/${unsigned.digest}`), 404);
  assert.equal(await seenBy(paula, 'manifests/v1'), signed.digest);
  assert.equal(await seenBy(paula, 'manifests/v1', 'pull,push'), unsigned.digest);
  // Who may not push cannot ask for it.
  assert.equal(await seenBy(reader, 'manifests/v1', 'pull,push'), signed.digest);

  await publish((targets) => withoutTarget(targets, 'v1'));
  assert.equal(await seenBy(reader, 'manifests/v1'), 404);
  assert.equal(await seenBy(reader, `manifests/${signed.digest}`), 404);
  agent.destroy();
});
