import { createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, succeeded } from './command.ts';

const service = 'tokens of a test';
const issuer = 'a test';
const lifetimeSeconds = 3_600;

/** A token service, as notary-server trusts one: its `auth` and the tokens that it would give. */
export interface NotaryTokens {
  readonly auth: object;
  /** For everything that one may do with this GUN. */
  tokenFor(gun: string): string;
}

/**
 * @param realm  where clients are told to get them; nobody answers there unless the caller does
 *
 * Tokens under RSA, which is what Docker's registries use and the quickest that the peer verifies.
 * @see distribution 2.6, registry/auth/token/token.go
 */
export async function makeNotaryTokens(
  folder: string,
  realm = 'https://127.0.0.1/token',
): Promise<NotaryTokens> {
  const [cert, key] = [join(folder, 'tokens.pem'), join(folder, 'tokens-key.pem')];
  const request = ['req', '-x509', '-days', '2', '-newkey', 'rsa:2048', '-nodes'];
  const names = ['-subj', '/CN=tokens of a test', '-keyout', key, '-out', cert];
  succeeded(await runCommand('openssl', [...request, ...names]));
  const privateKey = createPrivateKey(readFileSync(key));
  const x5c = [new X509Certificate(readFileSync(cert)).raw.toString('base64')];
  return {
    auth: { type: 'token', options: { realm, service, issuer, rootcertbundle: cert } },
    tokenFor: (gun) => {
      const now = Math.floor(Date.now() / 1_000);
      const access = [{ type: 'repository', name: gun, actions: ['pull', 'push'] }];
      const claims = { iss: issuer, sub: 'somebody', aud: service, jti: gun, access };
      const times = { iat: now, nbf: now - 60, exp: now + lifetimeSeconds };
      const head = encode({ typ: 'JWT', alg: 'RS256', x5c });
      const signed = `${head}.${encode({ ...claims, ...times })}`;
      return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
    },
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
