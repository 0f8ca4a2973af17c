import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partsOf } from '../../../test/support/simulated-publisher.ts';
import { edits, gun, kate, now, serverWithRepository } from '../../../test/support/trust-world.ts';
import { digestOf, sha256Of, utf8 } from '../../base/index.ts';
import { parseRepositoryName } from '../../oci/index.ts';
import { type Targets, type TargetsRole, withoutTarget, withTarget } from '../../tuf/index.ts';
import { SignedTagsReader } from './signed-tags.ts';

const app = parseRepositoryName('acme/app');
const [good, bad] = [digestOf(utf8('good')), digestOf(utf8('bad'))];
const day = 86_400_000;

const bind =
  (name: string, digest = good) =>
  (targets: Targets) =>
    withTarget(targets, name, { sizeBytes: 528, hashes: new Map([['sha256', sha256Of(digest)]]) });

/** A repository with some edits published, and a reader of it whose clock can be set. */
async function repository(origins: readonly string[] = ['localhost:5443']) {
  const { server, store, publisher } = await serverWithRepository();
  const time = { ms: now.getTime() };
  const reader = new SignedTagsReader(store, origins, () => new Date(time.ms));
  let reads = 0;
  const { current } = store;
  store.current = (...question) => {
    reads += 1;
    return current.apply(store, question);
  };
  return {
    ...{ reader, time, store, server },
    readCount: () => reads,
    publish: async (role: TargetsRole, edit: (targets: Targets) => Targets) => {
      const update = await publisher.update({ targets: edits([[role, edit]]) }, now);
      await server.accept(gun, partsOf(update), now);
    },
    of: async (signer: string) => Object.fromEntries(await reader.of(app, signer)),
  };
}

test('a tag is signed from its publish on until its revocation', async () => {
  const { publish, of } = await repository();
  assert.deepEqual(await of('any'), {});
  await publish('targets', bind('v1'));
  assert.deepEqual(await of('any'), { v1: good });
  await publish('targets', bind('v1', bad));
  assert.deepEqual(await of('any'), { v1: bad });
  await publish('targets', (targets) => withoutTarget(targets, 'v1'));
  assert.deepEqual(await of('any'), {});
});

test('only the signer that is required counts', async () => {
  const { publish, of } = await repository();
  await publish('targets', bind('owner'));
  await publish(kate, bind('kate'));
  assert.deepEqual(await of('any'), { owner: good });
  assert.deepEqual(await of('kate'), { kate: good });
  assert.deepEqual(await of('releases'), {});
  assert.deepEqual(await of('nobody'), {});
});

test('what expired vouches for nothing, without any publish', async () => {
  const { publish, of, time } = await repository();
  await publish('targets', bind('v1'));
  assert.deepEqual(await of('any'), { v1: good });
  // The server's timestamps last two weeks.
  time.ms += 15 * day;
  assert.deepEqual(await of('any'), {});
});

test('nothing is verified twice while nothing changes', async () => {
  const { publish, of, readCount } = await repository();
  await publish('targets', bind('v1'));
  await of('any');
  const before = readCount();
  await of('any');
  assert.equal(readCount() - before, 1);
});

test('what was tampered with in the database vouches for nothing', async () => {
  const { publish, of, store } = await repository();
  await publish('targets', bind('v1'));
  const { byChecksum } = store;
  store.byChecksum = async (...question) => {
    const file = await byChecksum.apply(store, question);
    if (file?.role !== 'targets') return file;
    const text = Buffer.from(file.bytes).toString();
    return { ...file, bytes: utf8(text.replace('"length":528', '"length":529')) };
  };
  assert.deepEqual(await of('any'), {});
});

test('of the names of the store the first that signs a tag counts, and names it does not have do not', async () => {
  const foreign = await repository(['other:1']);
  await foreign.publish('targets', bind('v1'));
  assert.deepEqual(await foreign.of('any'), {});
  const second = await repository(['other:1', 'localhost:5443']);
  await second.publish('targets', bind('v1'));
  assert.deepEqual(await second.of('any'), { v1: good });
});

test('a repository whose metadata was deleted has nothing signed', async () => {
  const { publish, of, server } = await repository();
  await publish('targets', bind('v1'));
  assert.deepEqual(await of('any'), { v1: good });
  await server.deleteAll(gun, now);
  assert.deepEqual(await of('any'), {});
});

test('under a name too long to be signed nothing is signed', async () => {
  const { reader } = await repository();
  const name = parseRepositoryName(`acme/${'a'.repeat(250)}`);
  assert.deepEqual(await reader.of(name, 'any'), new Map());
});
