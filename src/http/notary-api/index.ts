/**
 * The trust server over HTTP, as docker and notary speak it: routes, uploads, error bodies.
 * It refuses to know what makes an update valid (src/trust) and who may do what (src/http/auth).
 */
export { notaryErrors } from './errors.ts';
export { createInstantGet, type InstantGetOptions } from './instant-get.ts';
export type { Answered, Meter } from './meter.ts';
export { createNotaryApi, type NotaryApiOptions } from './notary-api.ts';
export { uploadLimitBytes } from './post-metadata.ts';
export type { Operation } from './routes.ts';
