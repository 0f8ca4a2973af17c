import { exitCodes } from '../exit-codes.ts';
import type { KeyOutcome } from '../keyring.ts';
import type { CliWorld } from '../ports.ts';
import { printable } from '../printable.ts';
import { shown } from './shown.ts';

/**
 * Tells what became of each key, failures on standard error.
 * @param words  for what was done and for what was there already
 * @returns      the exit code: 1 when one failed
 */
export function reportKeys(
  world: CliWorld,
  outcomes: readonly KeyOutcome[],
  words: { readonly kept: string; readonly there: string },
  asJson: boolean,
): number {
  const failed = outcomes.filter(({ failure }) => failure !== undefined);
  if (asJson) shown(world, outcomes.map(keyJson));
  for (const key of outcomes) {
    const { outcome = 'kept', failure } = key;
    if (failure)
      world.printError(`${nameOf(key)}: ${failure.code}: ${printable(failure.message)}\n`);
    else if (!asJson) world.print(`${words[outcome]} ${nameOf(key)}\n`);
  }
  return failed.length === 0 ? exitCodes.done : exitCodes.no;
}

/** `root key 0123…`, `targets key 0123… of GUN` */
export function nameOf({ id, role, gun }: Pick<KeyOutcome, 'id' | 'role' | 'gun'>): string {
  const words = [role, 'key', id, ...(gun === undefined ? [] : ['of', gun])];
  return printable(words.filter((word) => word !== '').join(' '));
}

function keyJson({ id, role, gun, outcome, failure }: KeyOutcome): object {
  return {
    ...{ id: id || null, role, gun: gun ?? null },
    outcome: failure ? 'failed' : (outcome ?? 'kept'),
    failure: failure ?? null,
  };
}
