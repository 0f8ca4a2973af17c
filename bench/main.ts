/**
 * `npm run bench -- [chain|memory|trust|client|registry ...]`: numbers of this machine, from one run; chain and
 * memory unless named, since the others take minutes and want the machine for themselves. Without an engine
 * and the reference peers, only what needs neither is measured. Exits 1 when a target is missed.
 */
import { startEngine } from '../test/support/engine.ts';
import { callPeers } from '../test/support/peers.ts';
import { benchChain } from './chain.ts';
import { benchClient } from './client.ts';
import { benchMemory } from './memory.ts';
import { benchRegistry, type RegistryPart, registryParts } from './registry.ts';
import { type Result, table } from './result.ts';
import { benchTrust } from './trust.ts';

const benches = {
  chain: async () => {
    if (!(await peersFor('bench/chain.ts'))) return [];
    await using engine = await startEngine();
    return await benchChain(engine);
  },
  memory: async () => benchMemory(await peersFor('bench/memory.ts')),
  trust: async () => ((await peersFor('bench/trust.ts')) ? benchTrust() : []),
  client: async () => ((await peersFor('bench/client.ts')) ? benchClient() : []),
  registry: () => registry(registryParts),
  'registry-reads': () => registry(['reads', 'small', 'lists']),
  'registry-bytes': () => registry(['memory', 'transfers']),
  'registry-docker': () => registry(['docker']),
} satisfies Record<string, () => Promise<Result[]>>;

const named = process.argv.slice(2);
const names = named.length > 0 ? named : ['chain', 'memory'];
const unknown = names.find((name) => !Object.hasOwn(benches, name));
if (unknown !== undefined) {
  throw new Error(`no bench ${unknown}; there are ${Object.keys(benches).join(', ')}`);
}
const results: Result[] = [];
for (const [name, bench] of Object.entries(benches)) {
  if (names.includes(name)) results.push(...(await bench()));
}
if (results.length > 0) console.log(`\n${table(results)}`);
if (results.some(({ verdict }) => verdict === 'FAIL')) process.exitCode = 1;

async function registry(parts: readonly RegistryPart[]): Promise<Result[]> {
  return (await peersFor('bench/registry.ts')) ? benchRegistry(parts) : [];
}

/** Says what is left out. */
async function peersFor(file: string): Promise<boolean> {
  const { leftOut } = await callPeers([file], console.log);
  if (leftOut !== undefined) console.log(leftOut);
  return leftOut === undefined;
}
