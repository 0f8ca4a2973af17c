/** The variable by which buildx takes one. */
export const sourcePolicyVariable = 'EXPERIMENTAL_BUILDKIT_SOURCE_POLICY';

/**
 * A source policy for BuildKit: images by digest, and no others. The Dockerfile it goes with names
 * digests already; this stops what only BuildKit sees, such as what a base image has it run ONBUILD. Rules
 * that a person gave themselves stand before.
 *
 * @param own  the text of a policy
 * @throws SyntaxError, TypeError when that is none
 * @see moby/buildkit v0.11 to v0.32.2, sourcepolicy/engine.go: the last rule that matches wins
 */
export function sourcePolicy(own?: string): string {
  const rules: unknown[] = own === undefined ? [] : rulesOf(JSON.parse(own));
  return `${JSON.stringify({ rules: [...rules, digestsOnly] }, null, 2)}\n`;
}

/**
 * One rule that only ever refuses, so that what a policy of one's own refuses stays refused. BuildKit tells names
 * with their host, and an @ stands in them before a digest alone. Its reader of JSON knows `match_type`;
 * `matchType`, as its documents have it, is passed over.
 */
const digestsOnly = {
  action: 'DENY',
  selector: { identifier: '^docker-image://[^@]*$', match_type: 'REGEX' },
};

function rulesOf(policy: unknown): unknown[] {
  if (typeof policy !== 'object' || policy === null) throw new TypeError('it is no object');
  const rules: unknown = Reflect.get(policy, 'rules') ?? [];
  if (!Array.isArray(rules)) throw new TypeError('its rules are no list');
  return rules;
}
