/** The variable by which buildx takes one. */
export const sourcePolicyVariable = 'EXPERIMENTAL_BUILDKIT_SOURCE_POLICY';

/**
 * A source policy for BuildKit: images by digest, and no others. The Dockerfile it goes with names
 * digests already; this stops what only BuildKit sees, such as what a base image has it run ONBUILD. Rules
 * that a person gave themselves stand before.
 *
 * @param own  the text of a policy
 * @throws SyntaxError, TypeError when that is none
 * @see moby/buildkit v0.25, sourcepolicy/engine.go: the last rule that matches wins
 */
export function sourcePolicy(own?: string): string {
  const rules: unknown[] = own === undefined ? [] : rulesOf(JSON.parse(own));
  return `${JSON.stringify({ rules: [...rules, ...digestsOnly] }, null, 2)}\n`;
}

/**
 * In wildcards, which is what a selector means that does not say: `matchType`, as BuildKit's documents have
 * it, is passed over by its own reader of JSON, which only knows `match_type`.
 */
const digestsOnly = [
  { action: 'DENY', selector: { identifier: 'docker-image://*' } },
  { action: 'ALLOW', selector: { identifier: 'docker-image://*@sha256:*' } },
];

function rulesOf(policy: unknown): unknown[] {
  if (typeof policy !== 'object' || policy === null) throw new TypeError('it is no object');
  const rules: unknown = Reflect.get(policy, 'rules') ?? [];
  if (!Array.isArray(rules)) throw new TypeError('its rules are no list');
  return rules;
}
