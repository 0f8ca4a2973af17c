/**
 * The trust server over HTTP, as docker and notary speak it: routes, uploads, error bodies.
 * It refuses to know what makes an update valid (src/trust) and who may do what (src/http/auth).
 */
export { takeConnections } from './instant-connections.ts';
export { createInstantGet, type InstantGet } from './instant-get.ts';
export { requestsOf } from './instant-requests.ts';
export type { Answered, Meter } from './meter.ts';
export { createNotaryApi } from './notary-api.ts';
export type { PlainGet } from './plain-get.ts';
export { uploadLimitBytes } from './post-metadata.ts';
