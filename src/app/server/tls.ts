import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  isTlsCertificateUsable,
  makeTlsCertificate,
  type TlsCertificateRequest,
} from '../../adapters/certificates/index.ts';
import { systemCodeOf } from '../../base/index.ts';
import { appError } from '../errors.ts';

/** What `node:https` answers with. */
export interface Tls {
  readonly cert: string;
  readonly key: string;
  /** Where clients find the certificate, to trust it. */
  readonly certificateFile: string;
}

const selfMadeName = /CN=Countermark/;

/**
 * The certificate in the folder, or a self-made one. An operator's own is used as it is; one that
 * we made is replaced when it is nearly over or lacks a name the store has by now.
 *
 * @param hosts  names and addresses, without ports
 */
export function openTls(folder: string, hosts: readonly string[], now: Date): Tls {
  const certificateFile = join(folder, 'cert.pem');
  const keyFile = join(folder, 'key.pem');
  const request = { hosts, now };
  const found = readPair(certificateFile, keyFile);
  if (found && isUsable(found, request)) return { ...found, certificateFile };
  const made = makeTlsCertificate(request);
  const key = made.privateKey.reveal();
  // A crash between the two leaves a key that is not the certificate's; the next start makes both again.
  writeFileSync(keyFile, key, { mode: 0o600, flush: true });
  writeFileSync(certificateFile, made.certificate, { mode: 0o644, flush: true });
  return { cert: made.certificate, key, certificateFile };
}

function readPair(certificateFile: string, keyFile: string) {
  try {
    return { cert: readFileSync(certificateFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * @throws StoreError CONFIG_TLS when an operator's certificate and key do not belong together
 */
function isUsable(found: { cert: string; key: string }, request: TlsCertificateRequest): boolean {
  const certificate = new X509Certificate(found.cert);
  const belong = certificate.checkPrivateKey(createPrivateKey(found.key));
  const ours = certificate.subject === certificate.issuer && selfMadeName.test(certificate.subject);
  if (!ours && !belong) throw appError('CONFIG_TLS');
  return !ours || (belong && isTlsCertificateUsable(found.cert, request));
}
