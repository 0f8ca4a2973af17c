import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { Secret } from '../../base/index.ts';
import {
  authorityOfLeaves,
  issue,
  keyIdentifiers,
  keyUsage,
  notAuthority,
  purpose,
  selfSign,
  signsCertificates,
} from './self-signed.ts';
import { alternativeNames, type TlsCertificate } from './tls-certificate.ts';

const usualLifetimeDays = 10 * 365;
const clockSkewMs = 3_600_000;
const authorityName = 'Countermark signer authority';

/**
 * Makes the authority that vouches for one signer and the trust servers that may call it: P-256,
 * self-signed, for leaf certificates only, ten years. Nothing else trusts it.
 * @param oldKey  PEM of the key it had: then what it signed before stays valid
 */
export function makeAuthority(now: Date, oldKey?: Secret): TlsCertificate {
  const privateKey = oldKey
    ? createPrivateKey(oldKey.reveal())
    : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const publicKey = createPublicKey(privateKey);
  const certificate = selfSign({
    privateKey,
    commonName: authorityName,
    notBefore: new Date(now.getTime() - clockSkewMs),
    lifetimeDays: usualLifetimeDays,
    extensions: [signsCertificates, authorityOfLeaves, ...keyIdentifiers(publicKey, publicKey)],
  });
  return { certificate, privateKey: pkcs8(privateKey) };
}

/** Whom a certificate of the authority is for. */
export interface MemberRequest {
  readonly commonName: string;
  /** A signer answers (`serverAuth`), a trust server calls (`clientAuth`). */
  readonly use: 'serverAuth' | 'clientAuth';
  /** Names and addresses, without ports. */
  readonly hosts: readonly string[];
  readonly now: Date;
  /** Ten years unless told. */
  readonly lifetimeDays?: number;
}

/**
 * A new key and its certificate, signed by the authority. Ten years like the authority: who must
 * go sooner is taken out of the signer's grants.
 */
export function makeMember(authority: TlsCertificate, request: MemberRequest): TlsCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuerKey = createPrivateKey(authority.privateKey.reveal());
  const certificate = issue(
    {
      publicKey,
      commonName: request.commonName,
      notBefore: new Date(request.now.getTime() - clockSkewMs),
      lifetimeDays: request.lifetimeDays ?? usualLifetimeDays,
      extensions: [
        keyUsage('digitalSignature'),
        purpose(request.use),
        notAuthority,
        ...keyIdentifiers(publicKey, createPublicKey(issuerKey)),
        alternativeNames(request.hosts),
      ],
    },
    { commonName: authorityName, privateKey: issuerKey },
  );
  return { certificate, privateKey: pkcs8(privateKey) };
}

function pkcs8(key: ReturnType<typeof createPrivateKey>): Secret {
  return new Secret(key.export({ format: 'pem', type: 'pkcs8' }).toString());
}
