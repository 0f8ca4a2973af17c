import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/support/property-runs.ts';
import {
  inPieces,
  pax,
  paxRecord,
  type TarFields,
  tarEntry,
  tarHeader,
  tarOf,
} from '../../test/support/tar-writer.ts';
import { isStoreError } from '../base/index.ts';
import { DigestedStream } from './digested-stream.ts';
import { readTar, type TarEntry } from './tar.ts';

test('an archive is read entry by entry, whatever the pieces it comes in', async () => {
  const archive = tarOf(
    { name: './', type: '5', mode: 0o755 },
    { name: './etc/', type: '5', mode: 0o755 },
    { name: './etc/passwd', content: 'root:x:0:0::/root:/bin/sh\n' },
    { name: 'bin/su', mode: 0o4755, content: 'x'.repeat(1500) },
    { name: 'bin//sh', type: '2', link: '../../usr/bin/dash' },
    { name: 'bin/su2', type: '1', link: './bin/su', size: 77 },
    { name: 'dev/null', type: '3' },
    { name: 'run/pipe', type: '6' },
  );
  const expected = [
    'directory  755 0',
    'directory etc 755 0',
    'file etc/passwd 644 26',
    'file bin/su 4755 1500',
    'symlink bin/sh 644 0 -> ../../usr/bin/dash',
    'hardlink bin/su2 644 0 -> bin/su',
    'device dev/null 644 0',
    'fifo run/pipe 644 0',
  ];
  for (const size of [1, 7, 512, 513, 100_000]) {
    const entries = await read(archive, size);
    assert.deepEqual(entries.map(line), expected, `pieces of ${size}`);
    assert.equal(entries[2]?.text, 'root:x:0:0::/root:/bin/sh\n');
    assert.equal(entries[3]?.text, 'x'.repeat(1500));
  }
});

test('an entry whose content nobody reads is passed over', async () => {
  const archive = tarOf({ name: 'a', content: 'x'.repeat(5000) }, { name: 'b', content: 'b' });
  const paths = [];
  for await (const entry of readTar(inPieces(archive, 100))) paths.push(entry.path);
  assert.deepEqual(paths, ['a', 'b']);
});

test('the stream is read to its end, behind the end of the archive too', async () => {
  const archive = Buffer.concat([tarOf({ name: 'a' }), Buffer.alloc(5000, 1)]);
  const stream = new DigestedStream(inPieces(archive, 1000));
  for await (const _ of readTar(stream));
  assert.equal(stream.sizeBytes, archive.length);
});

test('a stream is told when its reader stops', async () => {
  let closed = false;
  async function* source() {
    try {
      yield* inPieces(tarOf({ name: 'a' }, { name: 'b' }), 512);
    } finally {
      closed = true;
    }
  }
  for await (const entry of readTar(source())) if (entry.path === 'a') break;
  assert.ok(closed);
});

const long = 'd/'.repeat(90) + 'f'.repeat(60);

/** One row: what stands in the archive, and the path and size it is read as. */
const names: [what: string, archive: (TarFields | Uint8Array)[], path: string, size: number][] = [
  ['a prefix', [{ name: 'c', prefix: 'a/b' }], 'a/b/c', 0],
  [
    'a GNU long name',
    [{ name: '././@LongLink', type: 'L', content: `${long}\0` }, { name: 'x' }],
    long,
    0,
  ],
  ['a pax path', [pax({ path: long }), { name: 'x' }], long, 0],
  ['a pax path in UTF-8', [pax({ path: 'grün/日本' }), { name: 'x' }], 'grün/日本', 0],
  ['a pax size', [pax({ size: '3' }), { name: 'x', size: 0, content: 'abc' }], 'x', 3],
  ['a pax path of nothing', [pax({ path: '' }), { name: 'x' }], 'x', 0],
  [
    'two pax paths, of which the last counts',
    [
      tarEntry({ name: 'p', type: 'x', content: paxRecord('path', 'a') + paxRecord('path', 'b') }),
      { name: 'x' },
    ],
    'b',
    0,
  ],
  [
    'a pax path and a GNU name, of which GNU counts',
    [{ name: 'L', type: 'L', content: 'gnu\0' }, pax({ path: 'pax' }), { name: 'x' }],
    'gnu',
    0,
  ],
  [
    'a pax path used up by a global header',
    [pax({ path: 'pax' }), pax({ comment: 'c' }, 'g'), { name: 'x' }],
    'x',
    0,
  ],
  [
    'a GNU header, whose prefix is two times',
    [{ name: 'x', magic: 'ustar  \0', prefix: '00000000000 00000000000 ' }],
    'x',
    0,
  ],
  ['a V7 header without magic', [{ name: 'x', magic: '', prefix: 'ignored', type: '\0' }], 'x', 0],
  [
    'a star header, whose prefix is shorter',
    [{ name: 'x', prefix: 'p'.repeat(140), raw: new Map([[508, Buffer.from('tar\0')]]) }],
    `${'p'.repeat(131)}/x`,
    0,
  ],
  [
    'a base-256 size',
    [
      {
        name: 'x',
        content: 'abc',
        raw: new Map([[124, Buffer.from('800000000000000000000003', 'hex')]]),
      },
    ],
    'x',
    3,
  ],
  [
    'blanks around numbers',
    [{ name: 'x', content: 'abc', raw: new Map([[124, Buffer.from('         3 \0')]]) }],
    'x',
    3,
  ],
  [
    'a name that is not UTF-8',
    [{ name: 'x', raw: new Map([[0, Buffer.from('ff2f61', 'hex')]]) }],
    '\u00ff/a',
    0,
  ],
];

for (const [what, archive, path, size] of names) {
  test(`${what} is read`, async () => {
    const [entry] = await read(tarOf(...archive), 100);
    assert.deepEqual([entry?.path, entry?.sizeBytes], [path, size]);
  });
}

test('a capability of the kernel is noticed, on its own file only', async () => {
  const archive = tarOf(
    pax({ 'SCHILY.xattr.security.capability': '\u0001\u0000' }),
    { name: 'a' },
    { name: 'b' },
  );
  assert.deepEqual(
    (await read(archive)).map((entry) => entry.hasCapabilities),
    [true, false],
  );
});

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
    for (const size of [511, 100_000]) assert.equal(await codeOf(archive, size), code);
  });
}

test('a path with dots that lead nowhere else is an ordinary path', async () => {
  const archive = tarOf({ name: './a/./b..c/...//d/', type: '5' });
  assert.deepEqual(
    (await read(archive)).map(({ path }) => path),
    ['a/b..c/.../d'],
  );
});

test('what GNU tar writes is read, in each of its formats', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tar-'));
  try {
    const deep = `${'directory-with-a-long-name/'.repeat(6)}file-with-a-long-name`;
    mkdirSync(join(folder, dirname(deep)), { recursive: true });
    writeFileSync(join(folder, deep), 'deep');
    writeFileSync(join(folder, 'tool'), 'x'.repeat(10_000));
    chmodSync(join(folder, 'tool'), 0o2711);
    linkSync(join(folder, 'tool'), join(folder, 'tool-again'));
    symlinkSync('/tool', join(folder, 'link'));
    for (const format of ['gnu', 'pax', 'ustar', 'v7']) {
      const only = format === 'v7' ? ['tool', 'tool-again', 'link'] : ['.'];
      const archive = execFileSync('tar', [
        '--format',
        format,
        '--sort=name',
        '-cC',
        folder,
        ...only,
      ]);
      const lines = (await read(archive)).map(line);
      assert.ok(lines.includes('file tool 2711 10000'), format);
      assert.ok(lines.includes('hardlink tool-again 2711 0 -> tool'), format);
      assert.ok(lines.includes('symlink link 777 0 -> /tool'), format);
      if (format !== 'v7')
        assert.ok(
          lines.some((text) => text.startsWith(`file ${deep} `)),
          format,
        );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const entryFields = fc.record({
  name: fc
    .stringMatching(/^[a-z.]{1,8}(\/[a-z]{1,8}){0,3}$/)
    .filter((name) => !/(^|\/)\.{0,2}(\/|$)/.test(name)),
  content: fc.uint8Array({ maxLength: 1200 }),
  mode: fc.nat({ max: 0o7777 }),
});

test('whatever files are written are read back, in pieces of any size', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(entryFields, { maxLength: 5 }),
      fc.integer({ min: 1, max: 2000 }),
      async (files, size) => {
        const entries = await read(tarOf(...files), size);
        assert.deepEqual(
          entries.map(({ path, mode, bytes }) => ({ name: path, content: bytes, mode })),
          files.map((file) => ({ ...file, content: Buffer.from(file.content) })),
        );
      },
    ),
    runs,
  );
});

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
        const code = await codeOf(bytes, 700);
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

interface ReadEntry extends Omit<TarEntry, 'content'> {
  readonly bytes: Buffer;
  readonly text: string;
}

async function read(archive: Uint8Array, size = 64 * 1024): Promise<ReadEntry[]> {
  const entries: ReadEntry[] = [];
  for await (const { content, ...entry } of readTar(inPieces(archive, size))) {
    const parts: Buffer[] = [];
    for await (const part of content) parts.push(Buffer.from(part));
    const bytes = Buffer.concat(parts);
    entries.push({ ...entry, bytes, text: bytes.toString() });
  }
  return entries;
}

async function codeOf(archive: Uint8Array, size: number): Promise<string> {
  try {
    await read(archive, size);
  } catch (error) {
    if (isStoreError(error)) return error.code;
    throw error;
  }
  return 'read';
}

function line({ kind, path, mode, sizeBytes, linkTarget }: ReadEntry): string {
  return `${kind} ${path} ${mode.toString(8)} ${sizeBytes}${linkTarget && ` -> ${linkTarget}`}`;
}
