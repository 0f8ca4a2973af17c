import { lstatSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isStoreError, systemCodeOf } from '../../base/index.ts';
import { dockerPolicy, type TrustPolicy } from '../../client/index.ts';
import { appError } from '../errors.ts';

/**
 * What a person asks of signatures: `policy.yaml` in docker's trust folder, or the file they name. Without either
 * it is what docker asks; a file that cannot be read or understood is an error for whatever is done.
 *
 * @param trustFolder  docker's
 * @param named        by `--policy`
 * @throws StoreError CONFIG_FILE, and the POLICY_ codes
 */
export async function readTrustPolicy(trustFolder: string, named?: string): Promise<TrustPolicy> {
  const path = named ?? join(trustFolder, 'policy.yaml');
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch (cause) {
    const reason = systemCodeOf(cause) ?? 'unreadable';
    // A link that leads nowhere is a policy that cannot be read.
    const isThere = () => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
    if (named === undefined && reason === 'ENOENT' && !isThere()) return dockerPolicy;
    throw appError(
      'CONFIG_FILE',
      { flag: named === undefined ? 'trust policy' : '--policy', path, reason },
      cause,
    );
  }
  // `--policy /dev/null`: whoever names nothing asks for nothing.
  if (named !== undefined && source === '') return dockerPolicy;
  // Few have one, and what reads it is large.
  const { parseTrustPolicy } = await import('../../adapters/policy/index.ts');
  try {
    return parseTrustPolicy(source, (file) => readFileSync(resolve(dirname(path), file)));
  } catch (cause) {
    if (!isStoreError(cause)) throw cause;
    const flag = named === undefined ? 'trust policy' : '--policy';
    throw appError('CONFIG_FILE', { flag, path, reason: cause.message }, cause);
  }
}
