/**
 * Words everybody uses: bytes, digests, canonical JSON, errors with codes, the clock, secrets, sizes,
 * turns, work that is shared, what is remembered for a while.
 * It does no I/O and knows neither images nor signatures.
 */
export * from './bytes.ts';
export * from './canonical-json.ts';
export * from './clock.ts';
export * from './counted.ts';
export * from './digest.ts';
export { baseErrors } from './error-codes.ts';
export * from './errors.ts';
export * from './json.ts';
export * from './memory.ts';
export * from './secret.ts';
export * from './shared.ts';
export * from './size-text.ts';
export * from './turns.ts';
export * from './unavailable.ts';
