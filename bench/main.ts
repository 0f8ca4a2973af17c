/**
 * `npm run bench`: numbers of this machine, from one run. Without an engine and the
 * reference peers, only what needs neither is measured. Exits 1 when a target is missed.
 */
import { startEngine } from '../test/support/engine.ts';
import { callPeers } from '../test/support/peers.ts';
import { benchChain } from './chain.ts';
import { benchMemory } from './memory.ts';
import { type Result, table } from './result.ts';

const { leftOut } = await callPeers(['bench/chain.ts'], console.log);
const results: Result[] = [];
if (leftOut === undefined) {
  await using engine = await startEngine();
  results.push(...(await benchChain(engine)));
} else console.log(leftOut);
results.push(...(await benchMemory(leftOut === undefined)));

console.log(`\n${table(results)}`);
if (results.some(({ verdict }) => verdict === 'FAIL')) process.exitCode = 1;
