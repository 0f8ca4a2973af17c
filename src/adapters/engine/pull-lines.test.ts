import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/support/property-runs.ts';
import { pullLines } from './pull-lines.ts';

const pulling = '{"status":"Pulling from bench/app","id":"v1"}';
const digest = '{"status":"Digest: sha256:f3adb98c"}';
const layer = (status: string, detail: string) =>
  `{"status":"${status}","progressDetail":${detail},"id":"0123456789ab"}`;

/* What an engine says, and what docker 28.2.2 prints of it without a terminal; or the code of the refusal. */
const bodies: readonly [body: string, printed: string, code?: string][] = [
  ['', ''],
  ['\r\n\n', ''],
  [`${pulling}\r\n${digest}\r\n`, 'v1: Pulling from bench/app\nDigest: sha256:f3adb98c\n'],
  [digest, 'Digest: sha256:f3adb98c\n'],
  [layer('Pulling fs layer', '{}'), '0123456789ab: Pulling fs layer\n'],
  [layer('Downloading', '{"current":5,"total":9}'), ''],
  [layer('Extracting', '{"current":5,"units":"s"}'), ''],
  [layer('Waiting', '{"current":0}'), '0123456789ab: Waiting\n'],
  ['{"status":"x\\u001b[2Jy\\u0007","aux":{"a":1}}', 'x[2Jy\n'],
  ['{}', '\n'],
  [
    `${digest}\n{"errorDetail":{"message":"no space"},"error":"no space"}\n${digest}`,
    'Digest: sha256:f3adb98c\n',
    'ENGINE_REFUSED',
  ],
  ['{"error":"no space"}', '', 'ENGINE_REFUSED'],
  ['{"errorDetail":{}}', '', 'ENGINE_REFUSED'],
  ['{"errorDetail":7}', '', 'ENGINE_REFUSED'],
  ['{', '', 'ENGINE_ANSWER'],
  ['[]', '', 'ENGINE_ANSWER'],
  ['"x"', '', 'ENGINE_ANSWER'],
  ['\xff', '', 'ENGINE_ANSWER'],
  ['{"status":7}', '', 'ENGINE_ANSWER'],
  [`{"status":"${'x'.repeat(70_000)}"}\n`, '', 'ENGINE_ANSWER'],
  [`${'['.repeat(100)}\n`, '', 'ENGINE_ANSWER'],
];

for (const [body, printed, code] of bodies) {
  test(`of ${body.slice(0, 90)} is printed ${JSON.stringify(printed)}${code ? `, then ${code}` : ''}`, async () => {
    const bytes = Buffer.from(body, 'latin1');
    assert.deepEqual(await read([bytes]), [printed, code]);
    const pieces = Array.from(bytes.subarray(0, 2_000), (byte) => Buffer.of(byte));
    if (bytes.length <= 2_000) assert.deepEqual(await read(pieces), [printed, code]);
  });
}

test('an engine whose line never ends is left', async () => {
  let sent = 0;
  async function* endless() {
    for (;;) {
      sent++;
      yield Buffer.alloc(1_000, 0x20);
    }
  }
  await assert.rejects(Array.fromAsync(pullLines(endless())), { code: 'ENGINE_ANSWER' });
  assert.ok(sent < 100);
});

test('whatever comes, in whatever pieces, is lines or an error of ours', () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array()), async (parts) => {
      const [, code = 'ENGINE_'] = await read(parts);
      assert.match(code, /^ENGINE_/);
    }),
    runs,
  ));

/** @returns what was printed, and the code of the error it ended with */
async function read(parts: readonly Uint8Array[]): Promise<[string, string | undefined]> {
  let printed = '';
  try {
    for await (const line of pullLines(sent(parts))) printed += line;
  } catch (error) {
    return [printed, (error as { code?: string }).code ?? String(error)];
  }
  return [printed, undefined];
}

async function* sent(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}
