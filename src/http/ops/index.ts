/**
 * Signs of life for operators and for Notary's health checks, which tell nothing about the store but
 * whether it serves; and the metrics, for those who may see them.
 */
export { metrics, type SignerState } from './metrics.ts';
export { OperationCounts } from './operation-counts.ts';
export { ops } from './ops.ts';
export { RenewalCounts } from './renewal-counts.ts';
