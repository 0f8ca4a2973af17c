import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/support/property-runs.ts';
import { codeOfReading } from '../../test/support/tar-reader.ts';
import { pax, paxRecord, tarEntry, tarHeader, tarOf } from '../../test/support/tar-writer.ts';

/** One row: bytes that nobody should unpack, and the one code they are refused with. */
const hostile: [what: string, archive: Uint8Array, code: string][] = [
  ['text', Buffer.from('hello world\n'.repeat(100)), 'OCI_TAR_CHECKSUM'],
  ['a wrong checksum', tarOf({ name: 'a', badChecksum: true }), 'OCI_TAR_CHECKSUM'],
  ['half a header', tarHeader({ name: 'a' }).subarray(0, 300), 'OCI_TAR_TRUNCATED'],
  [
    'half a content',
    tarEntry({ name: 'a', content: 'x'.repeat(900) }).subarray(0, 800),
    'OCI_TAR_TRUNCATED',
  ],
  ['a size beyond the stream', tarOf({ name: 'a', size: 8 * 1024 ** 3 - 1 }), 'OCI_TAR_TRUNCATED'],
  [
    'one block of zeros',
    Buffer.concat([new Uint8Array(512), tarOf({ name: 'a' })]),
    'OCI_TAR_HEADER',
  ],
  ['a size that is no number', field(124, '0000000009x'), 'OCI_TAR_HEADER'],
  ['a mode that is no number', field(100, 'rwxr-xr'), 'OCI_TAR_HEADER'],
  [
    'GNU times that are a prefix',
    tarOf({ name: 'x', magic: 'ustar  \0', prefix: 'etc/cron.d' }),
    'OCI_TAR_HEADER',
  ],
  ['a negative size', base256('ffffffffffffffffffffffff'), 'OCI_TAR_SIZE'],
  ['an absurd size', base256('80ffffffffffffffffffffff'), 'OCI_TAR_SIZE'],
  ['a negative pax size', tarOf(pax({ size: '-1' }), { name: 'a' }), 'OCI_TAR_SIZE'],
  ['an absurd pax size', tarOf(pax({ size: '9'.repeat(30) }), { name: 'a' }), 'OCI_TAR_SIZE'],
  ['a huge pax header', tarOf({ name: 'p', type: 'x', size: 2 ** 30 }), 'OCI_TAR_SIZE'],
  ['a huge GNU name', tarOf({ name: 'L', type: 'L', size: 2 ** 30 }), 'OCI_TAR_SIZE'],
  [
    'a pax header without its content',
    tarHeader({ name: 'p', type: 'x', size: 100 }),
    'OCI_TAR_TRUNCATED',
  ],
  ['a pax record without length', paxOf('path=a\n'), 'OCI_TAR_HEADER'],
  ['a pax record with a wrong length', paxOf('8 path=a\n'), 'OCI_TAR_HEADER'],
  ['a pax record beyond the header', paxOf('999 path=a\n'), 'OCI_TAR_HEADER'],
  ['a pax path with a zero byte', paxOf(paxRecord('path', 'a\0b')), 'OCI_TAR_HEADER'],
  [
    'a global header that renames',
    tarOf(pax({ path: 'a' }, 'g'), { name: 'x' }),
    'OCI_TAR_UNSUPPORTED',
  ],
  ['a sparse file of GNU', tarOf({ name: 'a', type: 'S' }), 'OCI_TAR_UNSUPPORTED'],
  [
    'a sparse file of pax',
    tarOf(pax({ 'GNU.sparse.major': '1' }), { name: 'a' }),
    'OCI_TAR_UNSUPPORTED',
  ],
  ['an entry of an unknown type', tarOf({ name: 'a', type: 'V' }), 'OCI_TAR_UNSUPPORTED'],
  ['..', tarOf({ name: '../a' }), 'OCI_TAR_PATH_TRAVERSAL'],
  ['.. in the middle', tarOf({ name: 'a/../../b' }), 'OCI_TAR_PATH_TRAVERSAL'],
  ['.. at the end', tarOf({ name: 'a/..' }), 'OCI_TAR_PATH_TRAVERSAL'],
  ['.. in a pax path', tarOf(pax({ path: 'a/../b' }), { name: 'x' }), 'OCI_TAR_PATH_TRAVERSAL'],
  ['.. in a prefix', tarOf({ name: 'x', prefix: '..' }), 'OCI_TAR_PATH_TRAVERSAL'],
  ['an absolute path', tarOf({ name: '/etc/passwd' }), 'OCI_TAR_PATH_TRAVERSAL'],
  ['an empty path', tarOf({ name: '' }), 'OCI_TAR_PATH_TRAVERSAL'],
  ['a root that is a file', tarOf({ name: '.', content: 'x' }), 'OCI_TAR_PATH_TRAVERSAL'],
  [
    'an endless path',
    tarOf(pax({ path: 'a/'.repeat(3000) }), { name: 'x' }),
    'OCI_TAR_PATH_TRAVERSAL',
  ],
  [
    'a hard link out of the image',
    tarOf({ name: 'a', type: '1', link: '../../etc/shadow' }),
    'OCI_TAR_PATH_TRAVERSAL',
  ],
];

function field(offset: number, text: string): Uint8Array {
  return tarOf({ name: 'a', raw: new Map([[offset, Buffer.from(text)]]) });
}

function base256(hex: string): Uint8Array {
  return tarOf({ name: 'a', raw: new Map([[124, Buffer.from(hex, 'hex')]]) });
}

function paxOf(content: string): Uint8Array {
  return tarOf({ name: 'p', type: 'x', content }, { name: 'x' });
}

for (const [what, archive, code] of hostile) {
  test(`${what} is refused with ${code}`, async () => {
    for (const size of [511, 100_000]) assert.equal(await codeOfReading(archive, size), code);
  });
}

test('an archive with any bytes changed is read or refused with a code of tar', async () => {
  const sound = tarOf(
    pax({ path: 'a/b' }),
    { name: 'x', content: 'abc' },
    { name: 'L', type: 'L', content: 'n\0' },
    { name: 'y', type: '2', link: 'z' },
  );
  const change = fc.tuple(fc.nat({ max: sound.length - 1 }), fc.nat({ max: 255 }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { maxLength: 6 }),
      fc.nat({ max: sound.length }),
      fc.boolean(),
      async (changes, length, mend) => {
        const bytes = Buffer.from(sound.subarray(0, length));
        for (const [at, byte] of changes) if (at < length) bytes[at] = byte;
        if (mend)
          for (let at = 0; at + 512 <= length; at += 512)
            mendChecksum(bytes.subarray(at, at + 512));
        const code = await codeOfReading(bytes, 700);
        assert.match(code, /^(read|OCI_TAR_[A-Z_]+)$/);
      },
    ),
    runs,
  );
});

/** So that changed fields are looked at, and not only the checksum over them. */
function mendChecksum(block: Buffer): void {
  if (block.every((byte) => byte === 0)) return;
  block.fill(0x20, 148, 156);
  block.write(
    block
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0'),
    148,
  );
}
