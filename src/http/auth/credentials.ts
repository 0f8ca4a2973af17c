import { createHmac } from 'node:crypto';
import { type Random, type Secret, Turns } from '../../base/index.ts';
import { BoundedMap } from './bounded-map.ts';
import { authError } from './errors.ts';
import { LoginLimit } from './login-limit.ts';
import type { PasswordHasher, User, UserStore } from './ports.ts';

const rememberedMs = 60_000;
const rememberedCount = 1_000;
const atOnce = 2;
const mostAsked = 52;

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
  readonly #turns = new Turns(atOnce);
  #asked = 0;

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
    // Asked first: who has used up their guesses must not be told of one that it was right.
    const takeBack = this.#limit.begin(name, address, now);
    const guess = this.#guessOf(name, user, password);
    if (user && this.#right.get(guess, now)) {
      takeBack();
      return user;
    }
    const matches = await this.#matches(guess, user, password, takeBack);
    if (!user || !matches) throw authError('AUTH_CREDENTIALS_WRONG');
    this.#right.set(guess, true, new Date(now.getTime() + rememberedMs));
    return user;
  }

  #guessOf(name: string, user: User | undefined, password: Secret): string {
    const text = JSON.stringify([name, user?.passwordHash, password.reveal()]);
    return createHmac('sha256', this.#key).update(text).digest('base64');
  }

  /**
   * Equal guesses at the same time are one: it is answered once and counted once, if it is wrong. A
   * client that pulls twenty images asks for twenty tokens at the same moment.
   */
  #matches(
    guess: string,
    user: User | undefined,
    password: Secret,
    takeBack: () => void,
  ): Promise<boolean> {
    const known = this.#underWay.get(guess);
    if (known) {
      takeBack();
      return known;
    }
    const answer = this.#inTurn(() => this.#passwords.matches(password, user?.passwordHash));
    this.#underWay.set(guess, answer);
    const forget = () => this.#underWay.delete(guess);
    answer.then(forget, forget);
    answer.then((matches) => matches && takeBack(), takeBack);
    return answer;
  }

  /** Few at a time: each takes 19 MiB and a thread that the blob store also wants. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#asked >= mostAsked) throw authError('AUTH_BUSY', { retryAfterSeconds: 5 });
    this.#asked++;
    try {
      return await this.#turns.take('', work);
    } finally {
      this.#asked--;
    }
  }
}
