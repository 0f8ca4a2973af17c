import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Unavailable } from '../../../base/index.ts';
import { Bucket } from './bucket.ts';

const object = Buffer.from('0123456789');

/** A bucket whose server answers GET so, whatever is asked for. */
async function opened(get: RequestListener) {
  const server = createServer((request, response) => {
    if (request.method === 'HEAD') response.writeHead(200).end();
    else get(request, response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const place = { bucket: 'b', prefix: '', region: 'us-east-1', redirect: undefined };
  const credentials = async () => ({ accessKeyId: 'key', secretAccessKey: 'secret' });
  const endpoint = `http://127.0.0.1:${port}`;
  const bucket = await Bucket.open({ ...place, endpoint }, { credentials });
  return {
    bucket,
    [Symbol.dispose]: () => {
      bucket.close();
      server.close();
    },
  };
}

test('a part of an object is believed to be what the server says it is, and no other is taken', async () => {
  const rows: [start: number, end: number, said: string | undefined, isTaken: boolean][] = [
    [4, 9, 'bytes 4-9/10', true],
    [4, 9, 'bytes 0-9/10', false],
    [4, 9, 'bytes 4-8/10', false],
    [4, 9, undefined, false],
    [0, 8, undefined, false],
    [0, 9, undefined, true],
  ];
  for (const [start, end, said, isTaken] of rows) {
    using world = await opened((_, response) => {
      const headers = { 'content-length': object.length };
      response.writeHead(said ? 206 : 200, said ? { ...headers, 'content-range': said } : headers);
      response.end(object);
    });
    const asked = world.bucket.get('k', { start, end });
    if (isTaken) (await asked)?.bytes.destroy();
    else await assert.rejects(asked, Unavailable, said);
  }
});

test('a list of unfinished uploads that goes on but does not say where has ended', async () => {
  let asked = 0;
  const list = `<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><Upload><Key>k</Key>
    <UploadId>1</UploadId><Initiated>2026-11-20T12:00:00.000Z</Initiated></Upload>
    </ListMultipartUploadsResult>`;
  using world = await opened((_, response) => {
    asked += 1;
    if (asked > 1) response.writeHead(400);
    response.setHeader('content-type', 'application/xml').end(list);
  });
  const found = [];
  const before = new Date('2026-11-21T12:00:00Z');
  for await (const parts of world.bucket.unfinished('', before)) found.push(parts);
  assert.deepEqual(found, [{ key: 'k', id: '1' }]);
  assert.equal(asked, 1);
});
