import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

const formats = ['base', 'tuf', 'oci', 'cosign', 'findings'];
const cores = [...formats, 'chain', 'trust', 'registry', 'signer', 'client', 'copy'];
const everything = [...cores, 'adapters', 'http', 'cli'];

/** Per folder: the folders it may import (itself is free), and the modules from outside. */
const rules = new Map<string, [folders: string[], outside: RegExp]>([
  ['base', [[], /^node:(crypto|buffer)$/]],
  ['cosign', [['base'], /^node:(crypto|buffer)$|^@sigstore\/(bundle|core|verify|protobuf-specs)$/]],
  ...['tuf', 'oci', 'findings'].map((f) => [f, [['base'], /^node:(crypto|buffer)$/]] as const),
  ...['chain', 'trust', 'registry', 'signer', 'client', 'copy'].map(
    (f) => [f, [formats, /^$/]] as const,
  ),
  ['adapters', [cores, /./]],
  ['http', [cores, /^(fastify|typebox(\/.+)?|jose(\/.+)?|@grpc\/grpc-js|node:.+)$/]],
  ['cli', [[...cores, 'http'], /^(commander|dockerfile-ast|yaml|node:.+)$/]],
  ['app', [everything, /./]],
] as [string, [string[], RegExp]][]);
const imported = /\bfrom\s+'([^']+)'|(?<!')\bimport(?:\(\s*|\s+)'([^']+)'/g;

for (const file of globSync('src/**/*.ts').filter((name) => !name.endsWith('.test.ts'))) {
  test(`${file} imports only what its folder may`, () => {
    const home = file.split('/')[1] ?? '';
    const [folders, outside] = rules.get(home) ?? assert.fail(`src/${home} has no rule`);
    for (const [, from, bare = ''] of readFileSync(file, 'utf8').matchAll(imported)) {
      const name = from ?? bare;
      if (!name.startsWith('.')) assert.match(name, outside);
      const [, folder = home, ...inside] = name.startsWith('.')
        ? normalize(join(dirname(file), name)).split('/')
        : [];
      if (folder === home) continue;
      assert.ok(folders.includes(folder), `it imports src/${folder}`);
      assert.ok(home === 'app' || inside.at(-1) === 'index.ts', `${name} is a side door`);
    }
  });
}
