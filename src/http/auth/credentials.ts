import { createHmac } from 'node:crypto';
import type { Random, Secret } from '../../base/index.ts';
import { BoundedMap } from './bounded-map.ts';
import { authError } from './errors.ts';
import { LoginLimit } from './login-limit.ts';
import type { PasswordHasher, User, UserStore } from './ports.ts';

const rememberedMs = 60_000;
const rememberedCount = 1_000;
const atOnce = 2;
const waitingLimit = 50;

/**
 * Verifies user names and passwords.
 *
 * A password that was right a moment ago is recognised by its HMAC, under a key that lives as long
 * as the process, together with the stored hash: docker asks for a token per repository, and
 * argon2 is slow on purpose. A changed password is never recognised, because its hash differs.
 */
export class Credentials {
  readonly #users: UserStore;
  readonly #passwords: PasswordHasher;
  readonly #limit = new LoginLimit();
  readonly #key: Uint8Array;
  readonly #right = new BoundedMap<true>(rememberedCount);
  readonly #underWay = new Map<string, Promise<boolean>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(users: UserStore, passwords: PasswordHasher, random: Random) {
    this.#users = users;
    this.#passwords = passwords;
    this.#key = random(32);
  }

  /**
   * @param address  where the request comes from, to limit guessing
   * @throws StoreError AUTH_CREDENTIALS_WRONG (never says which of the two), AUTH_TOO_MANY_ATTEMPTS,
   *         AUTH_BUSY
   */
  async verify(name: string, password: Secret, address: string, now: Date): Promise<User> {
    const user = await this.#users.find(name);
    const remembered = this.#rememberAs(user, password);
    if (user && this.#right.get(remembered, now)) return user;

    const refund = this.#limit.begin(name, address, now);
    const matches = await this.#matches(remembered, user, password).catch((error: unknown) => {
      refund();
      throw error;
    });
    if (!user || !matches) throw authError('AUTH_CREDENTIALS_WRONG');
    refund();
    this.#right.set(remembered, true, new Date(now.getTime() + rememberedMs));
    return user;
  }

  #rememberAs(user: User | undefined, password: Secret): string {
    const text = JSON.stringify([user?.name, user?.passwordHash, password.reveal()]);
    return createHmac('sha256', this.#key).update(text).digest('base64');
  }

  /** Equal questions asked at the same time are answered once. */
  #matches(remembered: string, user: User | undefined, password: Secret): Promise<boolean> {
    const known = this.#underWay.get(remembered);
    if (known) return known;
    const answer = this.#inTurn(() => this.#passwords.matches(password, user?.passwordHash));
    this.#underWay.set(remembered, answer);
    const forget = () => this.#underWay.delete(remembered);
    answer.then(forget, forget);
    return answer;
  }

  /** Two at a time: each takes 19 MiB and a thread that the blob store also wants. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting.length >= waitingLimit)
      throw authError('AUTH_BUSY', { retryAfterSeconds: 5 });
    if (this.#running >= atOnce) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
}
