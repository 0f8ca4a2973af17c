#!/usr/bin/env node
// The way in from a shell: `npx countermark ...`. The store needs Node 24.15 or later and brings
// it along as the npm package `node`; started by an older one, it starts itself again with that.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major > 24 || (major === 24 && minor >= 15)) {
  await import('../src/app/main.ts');
} else {
  const node = createRequire(import.meta.url).resolve('node/bin/node');
  const self = fileURLToPath(import.meta.url);
  const { status, error } = spawnSync(node, [self, ...process.argv.slice(2)], { stdio: 'inherit' });
  if (error) throw error;
  process.exitCode = status ?? 1;
}
