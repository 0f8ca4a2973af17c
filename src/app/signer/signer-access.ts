import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { parse } from 'yaml';
import { isStoreError } from '../../base/index.ts';
import { type Access, type Grants, parseGrants } from '../../signer/index.ts';
import { appError } from '../errors.ts';
import { watchFiles } from '../watch-files.ts';
import { readWithdrawn, withdrawnFile } from './pki-withdraw.ts';

/** Where it is said what callers of a signer may do. */
export interface AccessFiles {
  readonly pki: string;
  /** Absent: every caller may do all. */
  readonly grants?: string;
}

/** @throws StoreError CONFIG_FILE, SIGNER_GRANTS, SIGNER_WITHDRAWN_LIST */
export function readAccess({ pki, grants }: AccessFiles): Access {
  return { grants: readGrants(grants), withdrawn: readWithdrawn(pki) ?? new Set() };
}

/**
 * Hands over what callers may do whenever one of the files was changed, and at SIGHUP. A file that
 * cannot be read, or is gone, is told in the log, and what it said before stays.
 */
export function watchAccess(
  files: AccessFiles,
  log: Logger,
  change: (access: Partial<Access>) => void,
): Disposable {
  const { pki, grants: path } = files;
  const open = new DisposableStack();
  const list = join(pki, withdrawnFile);
  let hadList = readWithdrawn(pki) !== undefined;
  open.use(
    watchFiles([list], () =>
      reading(log, list, () => {
        const withdrawn = readWithdrawn(pki);
        if (!withdrawn && hadList) {
          throw appError('CONFIG_FILE', { flag: 'PKI', path: list, reason: 'ENOENT' });
        }
        hadList ||= withdrawn !== undefined;
        if (!withdrawn) return;
        change({ withdrawn });
        log.warn({ path: list, withdrawn: withdrawn.size }, 'withdrawn certificates read again');
      }),
    ),
  );
  if (path !== undefined) {
    open.use(
      watchFiles([path], () =>
        reading(log, path, () => {
          const grants = readGrants(path);
          change({ grants });
          log.warn({ path, grants: grants.length }, 'grants read again');
        }),
      ),
    );
  }
  return open;
}

function reading(log: Logger, path: string, read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!isStoreError(error)) throw error;
    const { code, message } = error;
    log.error({ path, code, reason: message }, 'what callers may do stays as it was');
  }
}

function readGrants(path: string | undefined): Grants {
  if (path === undefined) return 'every caller may do all';
  try {
    return parseGrants(parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    if (isStoreError(cause)) throw cause;
    const reason = (cause as Error).message.split('\n', 1)[0] ?? '';
    throw appError('CONFIG_FILE', { flag: '--grants', path, reason }, cause);
  }
}
