/**
 * The present instant. Only `app/` makes the system's; an operation reads it once and passes
 * `now` down, so that one request never straddles two instants.
 */
export type Clock = () => Date;

/** Ids and nonces: `size` random bytes. Keys are made elsewhere, by `adapters/keys`. */
export type Random = (size: number) => Uint8Array;

/** A day as clocks count it, in milliseconds: UTC has no longer and no shorter ones. */
export const dayMs = 86_400_000;
