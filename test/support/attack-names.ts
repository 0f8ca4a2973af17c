import assert from 'node:assert/strict';

/**
 * The attacks that TUF is there for, by the names that its specification and Notary's tests give
 * them. Every row of the tables on both sides says of which one it is.
 * @see TUF specification 1.0, "Attacks"; notary 0.7.0 docs/threat_model, client/client_update_test.go
 */
export const attackNames = [
  'arbitrary software',
  'endless data',
  'extraneous dependencies',
  'fast-forward',
  'indefinite freeze',
  'key compromise',
  'malicious mirror',
  'mix-and-match',
  'rollback',
  'wrong software',
] as const;

export type AttackName = (typeof attackNames)[number];

/** Fails when a side has no row for one of the attacks. */
export function requireEveryAttack(seen: Iterable<AttackName>): void {
  assert.deepEqual([...new Set(seen)].sort(), [...attackNames]);
}
