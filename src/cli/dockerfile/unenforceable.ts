import type { StoreError } from '../../base/index.ts';
import { cliError } from '../errors.ts';

/** What would reach the engine without being verified, and is refused therefore. */
export function unenforceable(reason: string): StoreError {
  return cliError('CLI_UNENFORCEABLE', { reason });
}
