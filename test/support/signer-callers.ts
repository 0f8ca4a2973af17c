import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SignerConnection } from '../../src/adapters/keys/signer-connection.ts';
import { isStoreError, utf8 } from '../../src/base/index.ts';
import { SignerWorld } from './signer-world.ts';

/** One entry of the grants. @param roles  as YAML */
export function grant(who: string, gun: string, roles = '["*"]'): string {
  return `- caller: {common-name: ${who}}\n  guns: [${gun}]\n  roles: ${roles}\n`;
}

/** What blue and red may: all roles of GUNs of their own. */
export const usualGrants = grant('blue', 'example.com/blue') + grant('red', 'example.com/red');

/** A signer that runs, with two callers, of whom blue has a timestamp key. */
export async function openSignerWithCallers() {
  const world = new SignerWorld();
  for (const name of ['blue', 'red']) world.addClient(name);
  const grants = world.file('grants.yaml', usualGrants);
  const { address } = await world.ours({ grants });
  const blue = world.connect(address, 'blue');
  const { keyId } = await blue.createKey('example.com/blue/app', 'timestamp');
  const sign = (who: SignerConnection) => who.sign(keyId, utf8('x'));
  return { world, address, blue, keyId, sign, grants, withdrawn: join(world.pki, 'withdrawn.txt') };
}

/** Operators send it when they do not want to wait for the next look. */
export function hangUp(): void {
  process.emit('SIGHUP');
}

/** Why a call was refused; `none` when it was not. */
export async function refusalOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'none';
  } catch (error) {
    assert.ok(isStoreError(error), String(error));
    return String(error.detail?.reason);
  }
}

/** Until a change is seen, within two seconds and some patience. */
export async function becomes(expected: string, call: () => Promise<unknown>): Promise<void> {
  for (const limit = Date.now() + 20_000; Date.now() < limit; await sleep(100)) {
    if ((await refusalOf(call())) === expected) return;
  }
  assert.equal(await refusalOf(call()), expected);
}
