import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FileQuestion, InstantFile, InstantReads } from '../../../trust/index.ts';
import type { RoleName } from '../../../tuf/index.ts';
import type { StoredUser } from '../user-store.ts';
import { type InstantRow, instantQuery, instantValues, markQuery } from './instant-query.ts';
import { KeptFiles } from './kept-files.ts';
import type { PostgresLine } from './postgres-line.ts';

const keptBytes = 8 * 1024 * 1024;
const keptUsers = 2_000;
/** More questions than that wait for the next query: one must not last long. */
const mostTogether = 200;
/** Of the event loop, before a query is sent. */
const mostTurns = 4;

type Line = Pick<PostgresLine, 'query'> & AsyncDisposable;
type User = Pick<StoredUser, 'name' | 'role' | 'namespaces'>;

/** Something and the moment in which it was so. */
interface Seen {
  readonly mark: string;
}

interface Waiting {
  readonly question: FileQuestion;
  readonly user: string | undefined;
  readonly ready: () => void;
}

/**
 * The reads that every pull makes, of PostgreSQL. Whoever asks is answered by a query that was sent
 * after they had asked, so that no replica ever answers older than another one did before; all who
 * ask while one is under way share the next.
 *
 * Files and rights are kept with the mark of the moment in which they were read. A query whose mark
 * is the same says no more than that, see {@link instantQuery}.
 */
export class PostgresInstantReads implements InstantReads, AsyncDisposable {
  readonly #line: Line;
  readonly #files = new KeptFiles<InstantFile & Seen>(keptBytes);
  readonly #users = new Map<string, User & Seen>();
  readonly #waiting: Waiting[] = [];
  #isAsking = false;
  /** Of the last query; what was seen then holds while those are called back who waited for it. */
  #mark = '';
  #isReady = false;
  /** Whether the last query saw what the one before it had seen. */
  #isQuiet = false;

  /** @param line  to a database that `openDatabase` has made; disposed of with this */
  constructor(line: Line) {
    this.#line = line;
  }

  when(question: FileQuestion, user: string | undefined, ready: () => void): void {
    this.#waiting.push({ question, user, ready });
    if (this.#isAsking) return;
    this.#isAsking = true;
    void this.#askAll();
  }

  file(question: FileQuestion): InstantFile | undefined {
    const file = this.#isReady ? this.#files.get(question.name) : undefined;
    return file?.mark === this.#mark ? file : undefined;
  }

  /** A user with the role and the namespaces of this moment. */
  user(name: string): User | undefined {
    const user = this.#isReady ? this.#users.get(name) : undefined;
    return user?.mark === this.#mark ? user : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#line[Symbol.asyncDispose]();
  }

  async #askAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#gather();
      const group = this.#waiting.splice(0, mostTogether);
      // Without an answer everybody finds nothing here, and asks the store.
      this.#isReady = await this.#ask(group).then(
        () => true,
        () => false,
      );
      for (const { ready } of group) ready();
      this.#isReady = false;
      await nextTurn();
    }
    this.#isAsking = false;
  }

  /** Whoever was just answered asks again soon: a few turns that bring more of them save a query. */
  async #gather(): Promise<void> {
    let before = 0;
    for (let turn = 0; turn < mostTurns && this.#waiting.length > before; turn++) {
      before = this.#waiting.length;
      await nextTurn();
    }
  }

  async #ask(group: readonly Waiting[]): Promise<void> {
    const questions = [...new Map(group.map(({ question }) => [question.name, question])).values()];
    const users = [...new Set(group.flatMap(({ user }) => (user === undefined ? [] : [user])))];
    const isKnown =
      questions.every(({ name }) => this.#files.get(name)?.mark === this.#mark) &&
      users.every((name) => this.#users.get(name)?.mark === this.#mark);
    // While nobody writes, one value is asked for. It is not tried after somebody has written.
    if (isKnown && this.#isQuiet) {
      const [[mark] = []] = await this.#line.query(markQuery, []);
      this.#isQuiet = mark === this.#mark;
      if (this.#isQuiet) return;
    }
    const hashOf = ({ name }: FileQuestion) => this.#files.get(name)?.sha256 ?? '';
    const values = instantValues(isKnown ? this.#mark : '', questions, hashOf, users);
    const rows = (await this.#line.query(instantQuery, values)) as unknown as InstantRow[];
    const mark = markOf(rows);
    this.#isQuiet = mark === this.#mark;
    this.#mark = mark;
    for (const row of rows) {
      const [number, text] = row;
      const [question, user] = [questions[number - 1], users[-number - 1]];
      if (question) this.#noteFile(question, row);
      if (user !== undefined) this.#noteUser(user, text);
    }
  }

  #noteFile(question: FileQuestion, [, sha256, version, createdAt, renewAt, bytes]: InstantRow) {
    const { name, role } = question;
    const known = this.#files.get(name);
    // A copy, since what the driver gives is a piece of something larger.
    const own = bytes ? new Uint8Array(bytes) : known?.sha256 === sha256 ? known.bytes : undefined;
    if (!own) return this.#files.delete(name);
    this.#files.set(name, {
      role: role as RoleName,
      version: Number(version),
      sha256,
      bytes: own,
      storedAt: new Date(Number(createdAt)),
      renewAt: renewAt === null ? undefined : new Date(renewAt),
      mark: this.#mark,
    });
  }

  #noteUser(name: string, text: string): void {
    if (this.#users.size >= keptUsers) this.#users.clear();
    const { role, namespaces } = JSON.parse(text) as Pick<User, 'role' | 'namespaces'>;
    this.#users.set(name, { name, role, namespaces, mark: this.#mark });
  }
}

function markOf(rows: readonly InstantRow[]): string {
  const mark = rows.find(([number]) => number === 0)?.[1];
  if (mark === undefined) throw new TypeError('a query without its mark');
  return mark;
}
