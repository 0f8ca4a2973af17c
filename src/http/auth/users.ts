import { type Clock, type Secret, Turns } from '../../base/index.ts';
import { authError } from './errors.ts';
import { checkPassword, parseNamespace, parseUserName } from './names.ts';
import type { PasswordHasher, Role, User, UserStore } from './ports.ts';

/** A user to add. */
export interface NewUser {
  readonly name: string;
  readonly role: Role;
  /** Empty for a producer: the namespace that bears the user's own name. */
  readonly namespaces: readonly string[];
  readonly password: Secret;
}

/** Adds users and changes their passwords; whether the caller may is decided before. */
export class Users {
  readonly #store: UserStore;
  readonly #passwords: PasswordHasher;
  readonly #origins: readonly string[];
  readonly #clock: Clock;
  readonly #turns = new Turns();

  constructor(
    store: UserStore,
    passwords: PasswordHasher,
    origins: readonly string[],
    clock: Clock,
  ) {
    this.#store = store;
    this.#passwords = passwords;
    this.#origins = origins;
    this.#clock = clock;
  }

  list(): Promise<readonly User[]> {
    return this.#store.list();
  }

  /**
   * @throws StoreError AUTH_USER_NAME_INVALID, AUTH_NAMESPACE_INVALID, AUTH_NAMESPACE_RESERVED,
   *         AUTH_PASSWORD_UNFIT, AUTH_USER_EXISTS
   */
  async add(request: NewUser): Promise<User> {
    const name = parseUserName(request.name);
    const asked = request.namespaces;
    const wanted = asked.length === 0 && request.role === 'producer' ? [name] : asked;
    const namespaces = [
      ...new Set(wanted.map((text) => parseNamespace(text, this.#origins))),
    ].sort();
    const passwordHash = await this.#hash(request.password);
    const user: User = {
      name,
      role: request.role,
      passwordHash,
      namespaces,
      createdAt: this.#clock(),
    };
    if (!(await this.#store.add(user))) throw authError('AUTH_USER_EXISTS', { name });
    return user;
  }

  /** @throws StoreError AUTH_PASSWORD_UNFIT, AUTH_USER_UNKNOWN */
  async setPassword(name: string, password: Secret): Promise<void> {
    const passwordHash = await this.#hash(password);
    if (!(await this.#store.setPassword(name, passwordHash))) {
      throw authError('AUTH_USER_UNKNOWN', { name: name.slice(0, 100) });
    }
  }

  /** One at a time: each takes a thread that the blob store also wants. */
  async #hash(password: Secret): Promise<string> {
    checkPassword(password);
    return await this.#turns.take('', () => this.#passwords.hash(password));
  }
}
