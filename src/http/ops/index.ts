/**
 * Signs of life for operators and for Notary's health checks. It tells nothing about the store but
 * whether it serves.
 */
export { type OpsOptions, ops } from './ops.ts';
