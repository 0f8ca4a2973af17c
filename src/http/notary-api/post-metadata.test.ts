import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { base, NotaryWorld, refused } from '../../../test/support/notary-world.ts';
import { partsOf, SimulatedPublisher } from '../../../test/support/simulated-publisher.ts';
import { edits, gun, kate, now, sub, tag } from '../../../test/support/trust-world.ts';
import { parseGun, type RoleName, withDelegation } from '../../tuf/index.ts';
import { uploadLimitBytes } from './index.ts';

const world = await NotaryWorld.start();
after(() => world[Symbol.asyncDispose]());

test('an accepted upload is 200 with an empty body', async () => {
  const update = await world.publisher.update({ targets: edits([['targets', tag('v1')]]) }, now);
  const answer = await world.upload(partsOf(update));
  assert.deepEqual([answer.status, answer.text], [200, '']);
});

test('a role may end in .json, and of two parts of a role the later counts', async () => {
  const update = await world.publisher.update({ targets: edits([['targets', tag('v2')]]) }, now);
  const bytes = update.get('targets')?.bytes ?? assert.fail();
  const form = new FormData();
  form.append('files', new Blob(['nonsense']), 'targets');
  form.append('files', new Blob([Buffer.from(bytes)]), 'targets.json');
  assert.equal((await world.send('POST', base, { body: form })).status, 200);
  assert.deepEqual(
    Buffer.from((await world.store.current(gun, 'targets'))?.bytes ?? []),
    Buffer.from(bytes),
  );
});

test('delegations travel with a slash in their name', async () => {
  const [signer] = world.publisher.signers.get('targets') ?? [];
  assert.ok(signer);
  world.publisher.signers.set(kate, [signer]).set(sub, [signer]);
  const keys = [signer.key];
  const update = await world.publisher.update(
    {
      targets: edits([
        ['targets', (old) => withDelegation(old, { name: kate, keys })],
        [kate, (old) => withDelegation(old, { name: sub, keys })],
        [sub, tag('deep')],
      ]),
    },
    now,
  );
  assert.equal((await world.upload(partsOf(update))).status, 200);
  assert.equal((await world.get(`${base}${sub}.json`)).status, 200);
});

test('an empty form is accepted and changes nothing', async () => {
  const before = await world.store.changes({ from: 'newest', limit: 1 });
  const headers = { 'content-type': 'multipart/form-data; boundary=b' };
  const answer = await world.send('POST', base, { headers, body: '\r\n--b--\r\n' });
  assert.equal(answer.status, 200);
  assert.deepEqual(await world.store.changes({ from: 'newest', limit: 1 }), before);
});

test('a published version is VERSION', async () => {
  const update = await world.publisher.update({ targets: edits([['targets', tag('v3')]]) }, now);
  await world.upload(partsOf(update));
  refused(await world.upload(partsOf(update)), 400, 'VERSION');
});

const invalid: [what: string, role: RoleName, bytes: string, code: string, name?: string][] = [
  ['no JSON', 'targets', '{', 'MALFORMED_JSON'],
  ['no metadata', 'root', '{}', 'INVALID_UPDATE', 'ErrBadRoot'],
  ['no metadata', 'targets', '{}', 'INVALID_UPDATE', 'ErrBadTargets'],
  ['no metadata', kate, '{}', 'INVALID_UPDATE', 'ErrBadTargets'],
  ['no metadata', 'snapshot', '{}', 'INVALID_UPDATE', 'ErrBadSnapshot'],
];
for (const [what, role, text, code, name] of invalid) {
  test(`${role} that is ${what} is ${code} ${name ?? ''}`, async () => {
    const answer = await world.upload(new Map([[role, Buffer.from(text)]]));
    const { detail } = refused(answer, 400, code);
    if (name) assert.equal(detail.Name, name);
    if (name) assert.ok(detail.Error.Msg.startsWith(`${role} is malformed`), detail.Error.Msg);
  });
}

test('an update without any root is INVALID_UPDATE ErrValidation', async () => {
  const answer = await world.send('POST', '/v2/localhost:5443/acme/none/_trust/tuf/', {
    body: new FormData(),
  });
  const { detail } = refused(answer, 400, 'INVALID_UPDATE');
  assert.equal(detail.Name, 'ErrValidation');
  assert.match(detail.Error.Msg, /^no pre-existing root and no root provided in update/);
});

test('an update without targets is INVALID_UPDATE ErrBadHierarchy', async () => {
  const other = parseGun('localhost:5443/acme/other');
  const files = await new SimulatedPublisher(world.trust, other, now).initialise(now);
  files.delete('targets');
  const answer = await world.upload(partsOf(files), `/v2/${other}/_trust/tuf/`);
  const { detail } = refused(answer, 400, 'INVALID_UPDATE');
  assert.deepEqual([detail.Name, detail.Error.Missing], ['ErrBadHierarchy', 'targets']);
});

test('a part that is no role is INVALID_ROLE', async () => {
  for (const name of ['Targets', 'targets/', 'targets/../root', 'a'.repeat(300)]) {
    const form = new FormData();
    form.append('files', new Blob(['{}']), name);
    refused(await world.send('POST', base, { body: form }), 400, 'INVALID_ROLE');
  }
});

test('a part without a filename is NO_FILENAME', async () => {
  const form = new FormData();
  form.append('files', '{}');
  refused(await world.send('POST', base, { body: form }), 400, 'NO_FILENAME');
});

test('a body that is no form is MALFORMED_UPLOAD', async () => {
  for (const [type, body] of [
    ['application/json', '{}'],
    ['multipart/form-data; boundary=b', '{}'],
    ['multipart/form-data', '--b--'],
  ] as const) {
    const answer = await world.send('POST', base, { headers: { 'content-type': type }, body });
    refused(answer, 400, 'MALFORMED_UPLOAD');
  }
  refused(await world.send('POST', base), 400, 'MALFORMED_UPLOAD');
});

test('a GUN that cannot be one is INVALID_GUN', async () => {
  const answer = await world.send('POST', '/v2/localhost:5443/a%2541/_trust/tuf/', {
    body: new FormData(),
  });
  refused(answer, 400, 'INVALID_GUN');
});

test('a body beyond the limit is MALFORMED_UPLOAD, announced or not', async () => {
  const headers = { 'content-type': 'multipart/form-data; boundary=b' };
  const announced = await raw(
    `POST ${base} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: ${headers['content-type']}\r\nContent-Length: ${uploadLimitBytes + 1}\r\n\r\n`,
  );
  assert.match(announced, /^HTTP\/1\.1 400 .*MALFORMED_UPLOAD/s);
  const body = new ReadableStream({
    start(controller) {
      for (let i = 0; i <= uploadLimitBytes / 2 ** 20; i++)
        controller.enqueue(new Uint8Array(2 ** 20));
      controller.close();
    },
  });
  const answer = await world.send('POST', base, { headers, body, duplex: 'half' });
  refused(answer, 400, 'MALFORMED_UPLOAD');
});

test('of one user no more large uploads are read at once than a few, small ones and another’s are', async (t) => {
  const begun = `POST ${base} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n`;
  world.principalName = 'paula';
  world.asked.length = 0;
  const slow = [1, 2, 3, 4].map(() => connect(world.port, '127.0.0.1').on('error', () => {}));
  t.after(() => {
    for (const socket of slow) socket.destroy();
    world.principalName = undefined;
  });
  for (const socket of slow) socket.write(begun);
  while (world.asked.length < slow.length) await sleep(5);
  const form = new FormData();
  form.append('files', new Blob(['{}']), 'nonsense');
  const large = new FormData();
  large.append('files', new Blob([' '.repeat(99_999)]), 'nonsense');
  let isAnswered = false;
  const waiting = world.send('POST', base, { body: large }).finally(() => (isAnswered = true));
  await sleep(100);
  assert.equal(isAnswered, false);
  refused(await world.send('POST', base, { body: form }), 400, 'INVALID_ROLE');
  world.principalName = 'pete';
  refused(await world.send('POST', base, { body: large }), 400, 'INVALID_ROLE');
  assert.equal(isAnswered, false);
  slow[2]?.destroy();
  refused(await waiting, 400, 'INVALID_ROLE');
});

/** What is answered to bytes that no client library would send. */
function raw(request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(world.port, '127.0.0.1');
    let text = '';
    socket.on('data', (part) => {
      text += part;
      if (text.includes('\r\n\r\n') && text.includes('}\n')) socket.destroy();
    });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
    socket.write(request);
  });
}
