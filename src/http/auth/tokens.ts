import { createHmac, hash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { SignJWT } from 'jose/jwt/sign';
import { jwtVerify } from 'jose/jwt/verify';
import { type Random, type Secret, toHex, utf8 } from '../../base/index.ts';
import type { Action } from './access.ts';
import { BoundedMap } from './bounded-map.ts';
import type { User } from './ports.ts';

/** One entry of a token's access list, as distribution's registries read it. */
export interface Access {
  readonly type: 'repository' | 'registry' | 'countermark';
  readonly name: string;
  readonly actions: readonly Action[];
}

/** What a verified access token says. */
export interface AccessToken {
  /** Undefined: given to somebody who had not signed in. */
  readonly subject: string | undefined;
  readonly access: readonly Access[];
}

/** What a verified refresh token says. Compare the fingerprint with {@link Tokens.fingerprint}. */
export interface RefreshToken {
  readonly subject: string;
  readonly fingerprint: string;
}

/** Lifetime of an access token; distribution's clients want 60 s at least. */
export const accessLifetimeSeconds = 300;
const refreshLifetimeSeconds = 90 * 24 * 3600;
const tokenLimit = 16 * 1024;
const verifiedCount = 1_000;
/** HS256 and no other: whoever reads `alg` from the token lets its author choose. */
const algorithm = 'HS256';
const accessType = 'JWT';
const refreshType = 'refresh+jwt';

/**
 * Signs and verifies the store's tokens. Access tokens have the claims of distribution's token
 * specification. Refresh tokens differ from them in `typ` and audience, so that neither is ever
 * taken for the other, and die with the password that they were given for.
 *
 * @see distribution 3.0, "Token authentication implementation" and "OAuth2 token authentication"
 */
export class Tokens {
  readonly #key: Secret<Uint8Array>;
  readonly #service: string;
  readonly #random: Random;
  readonly #verified = new BoundedMap<AccessToken>(verifiedCount);

  /**
   * @param key      at least 32 bytes
   * @param service  the name of this store towards clients: audience and issuer
   */
  constructor(key: Secret<Uint8Array>, service: string, random: Random) {
    if (key.reveal().length < 32) throw new TypeError('the token key is shorter than 32 bytes');
    this.#key = key;
    this.#service = service;
    this.#random = random;
  }

  /** A token for what was granted, which may be nothing. */
  signAccess(subject: string | undefined, access: readonly Access[], now: Date): Promise<string> {
    const claims = { access: access.map(({ type, name, actions }) => ({ type, name, actions })) };
    return this.#sign(claims, accessType, this.#service, subject ?? '', accessLifetimeSeconds, now);
  }

  /** A token that stands for the user's password until that is changed; 90 days at most. */
  signRefresh(user: User, now: Date): Promise<string> {
    const claims = { fingerprint: this.fingerprint(user) };
    const audience = this.#refreshAudience();
    return this.#sign(claims, refreshType, audience, user.name, refreshLifetimeSeconds, now);
  }

  /** {@link verifyAccess} of a token that was verified before and is still valid; else undefined. */
  recallAccess(token: string, now: Date): AccessToken | undefined {
    return this.#verified.get(keyOf(token), now);
  }

  /** @returns undefined for everything that is not a valid, current access token of this store */
  async verifyAccess(token: string, now: Date): Promise<AccessToken | undefined> {
    const key = keyOf(token);
    const known = this.#verified.get(key, now);
    if (known) return known;
    const claims = await this.#verify(token, accessType, this.#service, now);
    if (claims?.exp === undefined) return undefined;
    // Under our signature, so its shape is the one signAccess gave it.
    const access = claims.access as readonly Access[];
    const verified = { subject: claims.sub === '' ? undefined : claims.sub, access };
    this.#verified.set(key, verified, new Date(claims.exp * 1000));
    return verified;
  }

  /** @returns undefined for everything that is not a valid, current refresh token of this store */
  async verifyRefresh(token: string, now: Date): Promise<RefreshToken | undefined> {
    const claims = await this.#verify(token, refreshType, this.#refreshAudience(), now);
    const fingerprint = claims?.fingerprint;
    if (!claims?.sub || typeof fingerprint !== 'string') return undefined;
    return { subject: claims.sub, fingerprint };
  }

  /** Stands for the user's present password, and says nothing about it. */
  fingerprint(user: User): string {
    const mac = createHmac('sha256', this.#key.reveal());
    return mac.update(`password ${user.name} ${user.passwordHash}`).digest('base64url');
  }

  #refreshAudience(): string {
    return `${this.#service} refresh`;
  }

  #sign(
    claims: JWTPayload,
    typ: string,
    audience: string,
    subject: string,
    lifetimeSeconds: number,
    now: Date,
  ): Promise<string> {
    const seconds = Math.floor(now.getTime() / 1000);
    return new SignJWT(claims)
      .setProtectedHeader({ alg: algorithm, typ })
      .setIssuer(this.#service)
      .setAudience(audience)
      .setSubject(subject)
      .setIssuedAt(seconds)
      .setNotBefore(seconds)
      .setExpirationTime(seconds + lifetimeSeconds)
      .setJti(toHex(this.#random(16)))
      .sign(this.#key.reveal());
  }

  async #verify(
    token: string,
    typ: string,
    audience: string,
    now: Date,
  ): Promise<JWTPayload | undefined> {
    if (utf8(token).length > tokenLimit) return undefined;
    try {
      const { payload } = await jwtVerify(token, this.#key.reveal(), {
        algorithms: [algorithm],
        typ,
        audience,
        issuer: this.#service,
        currentDate: now,
        requiredClaims: ['sub', 'exp', 'iat', 'jti'],
      });
      return payload;
    } catch {
      // Whatever is wrong with it, the client's way on is the same: ask for a new one.
      return undefined;
    }
  }
}

/** Tokens themselves are not kept in memory. */
function keyOf(token: string): string {
  return hash('sha256', token, 'base64');
}
