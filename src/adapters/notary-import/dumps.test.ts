import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/support/property-runs.ts';
import { isStoreError } from '../../base/index.ts';
import { verifyRepository } from '../../trust/index.ts';
import { parseGun } from '../../tuf/index.ts';
import { DatabaseSource, RowShelf, readServerDump, readSignerDump } from './index.ts';
import { dumpRows } from './sql-dump.ts';

const fixtures = 'test/fixtures/notary-db';
const folder = mkdtempSync(join(tmpdir(), 'cm-dumps-'));
after(() => rmSync(folder, { recursive: true }));
const app = parseGun('docker.example/acme/app');
const tool = parseGun('docker.example/acme/tool');
const env = { NOTARY_SIGNER_ALIAS1: 'the passphrase of the signer' };
const everything = { guns: [], prefix: '' };

for (const [server, signer] of [
  ['server-copy.postgres.sql', 'signer-copy.postgres.sql'],
  ['server-inserts.postgres.sql', 'signer-inserts.postgres.sql'],
  ['server.mysql.sql', 'signer.mysql.sql'],
  ['server-hex.mysql.sql', 'signer-hex.mysql.sql'],
] as const) {
  test(`${server} and ${signer} hold two repositories and their keys`, async () => {
    using shelf = new RowShelf(folder);
    await readServerDump(join(fixtures, server), shelf);
    await readSignerDump(join(fixtures, signer), shelf);
    shelf.finish();
    const source = new DatabaseSource({ server: shelf, signer: shelf, env, wanted: everything });
    assert.deepEqual(await Array.fromAsync(source.names()), [app, tool]);
    const of = async (gun: typeof app) => {
      const { files, keys = [] } = await source.read(gun);
      const { targets, leftOut, root } = await verifyRepository(gun, files);
      const names = [...(targets.get('targets')?.signed.targets.keys() ?? [])];
      assert.deepEqual(leftOut, []);
      return { names, root: root.version, keys: keys.map(({ role }) => role).sort() };
    };
    assert.deepEqual(await of(app), {
      names: [`a'b\\c"é`],
      root: 2,
      keys: ['snapshot', 'timestamp'],
    });
    assert.deepEqual(await of(tool), { names: ['v1'], root: 2, keys: ['timestamp'] });
  });
}

test('a deleted row is not there', async () => {
  using shelf = await shelfOf(
    `INSERT INTO tuf_files VALUES (1, NULL, NULL, '2026-01-01', 'a/b', 'root', 1, '\\x00', NULL);`,
  );
  assert.deepEqual(await Array.fromAsync(shelf.guns()), []);
});

test('text, bytes and numbers are read as both programs write them', async () => {
  const rows = [
    ['postgres', `'it''s \\ so'`, `it's \\ so`],
    ['postgres', `E'a\\'b\\\\\\n'`, `a'b\\\n`],
    ['postgres', `'x'::character varying`, 'x'],
    ['postgres', 'NULL', null],
    ['postgres', '-12', '-12'],
    ['mysql', `'it\\'s; -- \\\\ so'`, `it's; -- \\ so`],
    ['mysql', `_binary 'a\\0\\Z\\r\\n'`, 'a\0\x1a\r\n'],
    ['mysql', '0x6162', 'ab'],
    ['mysql', "X'6162'", 'ab'],
    ['mysql', `'semi;colon'`, 'semi;colon'],
  ] as const;
  for (const [dialect, literal, expected] of rows) {
    const table = dialect === 'mysql' ? '`t`' : 'public.t';
    const found = await rowsOf(`SET x=1;\nINSERT INTO ${table} VALUES (${literal});`);
    assert.deepEqual(found, [[expected]], literal);
  }
});

test('several rows of one statement, and comments and other statements between', async () => {
  const dump = `-- MySQL dump; 'not a text'
/*!40101 SET NAMES utf8mb4 */;
INSERT INTO \`t\` VALUES (1),('a;b'),(NULL);
LOCK TABLES \`other\` WRITE;
INSERT INTO \`other\` VALUES ('INSERT INTO \`t\` VALUES (9);');
INSERT INTO \`t\` (\`c\`) VALUES (2);
`;
  assert.deepEqual(await rowsOf(dump), [['1'], ['a;b'], [null], ['2']]);
});

test('what is cut off or not a dump is refused by name', async () => {
  for (const [dump, code] of [
    ['PGDMP\x01\x0e', 'NOTARY_DUMP_FORMAT'],
    ['\x1f\x8b\x08\0', 'NOTARY_DUMP_FORMAT'],
    ['hello', 'NOTARY_DUMP_FORMAT'],
    ["INSERT INTO t VALUES ('abc", 'NOTARY_DUMP_MALFORMED'],
    ['INSERT INTO t VALUES (1), (2', 'NOTARY_DUMP_MALFORMED'],
    ['INSERT INTO t VALUES (1, 2);', 'NOTARY_DUMP_MALFORMED'],
    ['INSERT INTO t VALUES (1) SELECT 2;', 'NOTARY_DUMP_MALFORMED'],
    ['INSERT INTO t VALUES (0x1);\nINSERT INTO `t` VALUES (0x1);', 'NOTARY_DUMP_MALFORMED'],
    ['COPY t (c) FROM stdin;\n1\n', 'NOTARY_DUMP_MALFORMED'],
    ['COPY t (c) FROM stdin;\n1\t2\n\\.\n', 'NOTARY_DUMP_MALFORMED'],
  ] as const) {
    await assert.rejects(rowsOf(dump), { code }, dump);
  }
});

test('the tables must be there', async () => {
  await assert.rejects(shelfOf('CREATE TABLE other (a int);'), { code: 'NOTARY_DUMP_EMPTY' });
});

test('any text survives, however the dump is cut into chunks', async () => {
  const texts = fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 5 });
  const cut = fc.integer({ min: 1, max: 40 });
  await fc.assert(
    fc.asyncProperty(
      texts,
      cut,
      fc.constantFrom('mysql', 'insert', 'copy'),
      async (all, size, form) => {
        const values = all.map((text) => Buffer.from(text, 'utf8').toString('latin1'));
        const dump = forms[form as keyof typeof forms](values);
        assert.deepEqual(
          await rowsOf(dump, size),
          values.map((value) => [value]),
        );
      },
    ),
    runs,
  );
});

test('hostile dumps end in a StoreError, or in nothing', async () => {
  const pieces = fc.array(
    fc.constantFrom(
      ...["'", '"', '`', '\\', ';', '(', ')', ',', '--', '/*', '*/', '\n', '\t', 'E', '0x', 'NULL'],
      ...[
        'INSERT INTO t VALUES ',
        'INSERT INTO `t` VALUES ',
        'COPY t FROM stdin;',
        '\\.',
        'CREATE TABLE t (',
      ],
      ...['CREATE TABLE `t` (', '_binary ', '1', 'x', '\0', 'é'],
    ),
    { maxLength: 40 },
  );
  const heads = fc.constantFrom('-- MySQL dump\n', 'SET a = 1;\n');
  await fc.assert(
    fc.asyncProperty(heads, pieces, fc.integer({ min: 1, max: 30 }), async (head, parts, size) => {
      try {
        await rowsOf(head + parts.join(''), size);
      } catch (error) {
        assert.ok(isStoreError(error), String(error));
      }
    }),
    runs,
  );
});

const forms = {
  mysql: (values: readonly string[]) => {
    const escaped = (text: string) =>
      [...text].map((char) => (mysqlNames.has(char) ? `\\${mysqlNames.get(char)}` : char)).join('');
    const rows = values.map((value) => `('${escaped(value)}')`);
    return `-- MySQL dump\nINSERT INTO \`t\` VALUES ${rows.join(',')};\n`;
  },
  insert: (values: readonly string[]) =>
    `SET a = 1;\n${values.map((value) => `INSERT INTO t VALUES ('${value.replaceAll("'", "''")}');\n`).join('')}`,
  copy: (values: readonly string[]) => {
    const escaped = (text: string) =>
      text.replace(/[\\\n\r\t]/g, (char) => `\\${copyNames.get(char) ?? char}`);
    return `COPY public.t (c) FROM stdin;\n${values.map((value) => `${escaped(value)}\n`).join('')}\\.\n`;
  },
};
const mysqlNames = new Map([
  ['\0', '0'],
  ['\n', 'n'],
  ['\r', 'r'],
  ['\x1a', 'Z'],
  ['\\', '\\'],
  ["'", "'"],
]);
const copyNames = new Map([
  ['\n', 'n'],
  ['\r', 'r'],
  ['\t', 't'],
]);

/** Values of table `t`, whose one column is `c`. */
async function rowsOf(latin1: string, chunkSize = 1000): Promise<(string | null)[][]> {
  const bytes = Buffer.from(latin1, 'latin1');
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkSize) yield bytes.subarray(at, at + chunkSize);
  }
  const rows: (string | null)[][] = [];
  const tables = new Map([['t', ['c']]]);
  for await (const { row } of dumpRows(chunks(), tables, 'dump.sql')) rows.push([...row.values()]);
  return rows;
}

async function shelfOf(dump: string): Promise<RowShelf> {
  const file = join(folder, 'dump.sql');
  writeFileSync(file, dump);
  const shelf = new RowShelf(folder);
  try {
    await readServerDump(file, shelf);
    shelf.finish();
    return shelf;
  } catch (error) {
    shelf[Symbol.dispose]();
    throw error;
  }
}
