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
import { entryLine, readEntries } from '../../test/support/tar-reader.ts';
import {
  inPieces,
  pax,
  paxRecord,
  type TarFields,
  tarEntry,
  tarOf,
} from '../../test/support/tar-writer.ts';
import { DigestedStream } from './digested-stream.ts';
import { readTar } from './tar.ts';

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
    const entries = await readEntries(archive, size);
    assert.deepEqual(entries.map(entryLine), expected, `pieces of ${size}`);
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
    const [entry] = await readEntries(tarOf(...archive), 100);
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
    (await readEntries(archive)).map((entry) => entry.hasCapabilities),
    [true, false],
  );
});

test('a path with dots that lead nowhere else is an ordinary path', async () => {
  const archive = tarOf({ name: './a/./b..c/...//d/', type: '5' });
  assert.deepEqual(
    (await readEntries(archive)).map(({ path }) => path),
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
      const lines = (await readEntries(archive)).map(entryLine);
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
        const entries = await readEntries(tarOf(...files), size);
        assert.deepEqual(
          entries.map(({ path, mode, bytes }) => ({ name: path, content: bytes, mode })),
          files.map((file) => ({ ...file, content: Buffer.from(file.content) })),
        );
      },
    ),
    runs,
  );
});
