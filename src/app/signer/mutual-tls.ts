import { createPrivateKey, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { Logger } from 'pino';
import { type Clock, dayMs, isStoreError } from '../../base/index.ts';
import { appError } from '../errors.ts';
import { watchFiles } from '../watch-files.ts';
import { readPem } from './pki.ts';

/** One side's part of mutual TLS, PEM. */
export interface MutualTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Where it lies: `ca.crt`, `NAME.crt` and `NAME.key` of a folder. */
export interface MutualTlsFiles {
  /** By which the folder was named. */
  readonly flag: string;
  readonly folder: string;
  readonly name: 'signer' | 'client';
}

/**
 * Reads one side's certificates.
 * @throws StoreError CONFIG_FILE; CONFIG_PKI when they cannot be used together
 */
export function readMutualTls({ flag, folder, name }: MutualTlsFiles): MutualTls {
  const file = (one: string) => readPem(flag, join(folder, one));
  const tls = { ca: file('ca.crt'), cert: file(`${name}.crt`), key: file(`${name}.key`) };
  const wrong = (reason: string, cause?: unknown) =>
    appError('CONFIG_PKI', { flag, folder, name, reason }, cause);
  try {
    createSecureContext(tls);
    const belong = new X509Certificate(tls.cert).checkPrivateKey(createPrivateKey(tls.key));
    if (!belong) throw wrong('the key is not that of the certificate');
    return tls;
  } catch (cause) {
    if (isStoreError(cause)) throw cause;
    // What the library says of a key could hold parts of it.
    throw wrong('a file is damaged, or the key is not that of the certificate', cause);
  }
}

/**
 * Hands over the certificates whenever they were renewed, also while whoever uses them was starting, and
 * at SIGHUP. What cannot be used is told in the log, and what there was stays. In their last month the log
 * says so every day.
 * @param tls  what was read at the start
 */
export function watchMutualTls(
  files: MutualTlsFiles,
  tls: MutualTls,
  { log, clock }: { readonly log: Logger; readonly clock: Clock },
  use: (tls: MutualTls) => void,
): Disposable {
  const { folder, name } = files;
  const paths = ['ca.crt', `${name}.crt`, `${name}.key`].map((file) => join(folder, file));
  const open = new DisposableStack();
  let endsAt = endOf(tls);
  const warn = () => {
    if (endsAt.getTime() > clock().getTime() + lastMonthMs) return;
    log.warn({ folder, name, endsAt }, 'certificates of mutual tls end soon; run pki renew');
  };
  warn();
  const timer = setInterval(warn, dayMs).unref();
  open.defer(() => clearInterval(timer));
  const read = (isNew: (next: MutualTls) => boolean) => {
    try {
      const next = readMutualTls(files);
      if (!isNew(next)) return;
      use(next);
      endsAt = endOf(next);
      log.warn({ folder, name, endsAt }, 'certificates of mutual tls read again');
    } catch (error) {
      if (!isStoreError(error)) throw error;
      const { code, message } = error;
      log.error({ code, reason: message }, 'certificates of mutual tls stay as they were');
    }
  };
  open.use(watchFiles(paths, () => read(() => true)));
  read(({ ca, cert, key }) => ca !== tls.ca || cert !== tls.cert || key !== tls.key);
  return open;
}

const lastMonthMs = 30 * dayMs;

/** When the first of them ends: one's own or the authority's. */
export function endOf({ ca, cert }: Pick<MutualTls, 'ca' | 'cert'>): Date {
  const ends = [ca, cert].map((pem) => new X509Certificate(pem).validToDate);
  return new Date(Math.min(...ends.map((end) => end.getTime())));
}
