/**
 * The registry over HTTP: OCI distribution-spec 1.1 and what docker expects beyond it. A file per
 * endpoint; every refusal is an OCI error body. It knows methods, paths, headers and status codes;
 * it refuses to know rules about images (src/registry has them) and permissions (a gate is asked).
 */
export { answerError, answerUnknown } from './answer-error.ts';
export { Descriptions } from './descriptions.ts';
export { createInstantRegistry } from './instant-get.ts';
export { closingMirrors, closingMirrorsAtOnce } from './mirror-gate.ts';
export { createRegistryApi } from './registry-api.ts';
