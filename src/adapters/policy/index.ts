/**
 * The operator's policy file, read from YAML into what the review and the permissions need, and a
 * person's trust policy. It refuses to know where the file lies and what follows from it.
 */
export { policyErrors } from './errors.ts';
export type { MirrorPolicy } from './mirror-policy.ts';
export { parsePolicy } from './parse-policy.ts';
export { parseTrustPolicy } from './parse-trust-policy.ts';
export type { Policy } from './policy.ts';
export type { RegistryPolicy } from './registry-policy.ts';
export type { ReadNamed } from './root-pin.ts';
