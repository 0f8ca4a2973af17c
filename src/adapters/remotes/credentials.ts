import { Secret, toBase64, utf8 } from '../../base/index.ts';

/** What somebody saved for one host. */
export type Credential =
  | { readonly kind: 'password'; readonly username: string; readonly password: Secret }
  /** From a login that gave a refresh token instead of keeping the password. */
  | {
      readonly kind: 'identity-token';
      readonly token: Secret;
      /** Whose it is, where that was saved with it. */
      readonly username?: string | undefined;
    };

/**
 * Looks up the credential for a host.
 * @param host  as it stands in image references: `registry.example:5443`, `docker.io`
 * @returns     undefined when nobody logged in there
 */
export type CredentialSource = (host: string) => Promise<Credential | undefined>;

/** Nobody is logged in anywhere. */
export const anonymous: CredentialSource = async () => undefined;

/** The value of `Authorization` for a password (RFC 7617). */
export function basicAuthorization(username: string, password: Secret): Secret {
  return new Secret(`Basic ${toBase64(utf8(`${username}:${password.reveal()}`))}`);
}
