import { isStoreError } from '../../base/index.ts';
import { type FileQuestion, fileQuestion } from '../../trust/index.ts';
import { type Gun, parseGun, parseRoleName } from '../../tuf/index.ts';
import { type Caching, getByChecksum, getByVersion, getCurrent } from './get-metadata.ts';
import { type Operation, routes } from './routes.ts';

/** A read of metadata that a path asks for. */
export interface ReadQuestion {
  readonly file: FileQuestion;
  readonly cache: Caching;
  readonly operation: Operation;
}

const mostKept = 4_000;
const pathLimit = 512;

/** What paths ask for, each looked at once while it is kept. */
export class ReadQuestions {
  readonly #kept = new Map<string, ReadQuestion>();
  readonly #isServed: (gun: Gun) => boolean;

  constructor(isServed: (gun: Gun) => boolean) {
    this.#isServed = isServed;
  }

  /** Undefined for everything that is not a read of metadata, written plainly; it is not kept. */
  of(url: string): ReadQuestion | undefined {
    const kept = this.#kept.get(url);
    if (kept) return kept;
    const question = questionOf(url);
    if (!question || !this.#isServed(question.file.gun)) return undefined;
    if (this.#kept.size >= mostKept) this.#kept.clear();
    this.#kept.set(url, question);
    return question;
  }
}

function questionOf(url: string): ReadQuestion | undefined {
  if (url.length > pathLimit || !/^\/v2\/[-a-zA-Z0-9._:/]+\.json$/.test(url)) return undefined;
  const route = routes.find((one) => one.method === 'GET' && one.pattern.test(url));
  const params = route?.pattern.exec(url)?.groups;
  if (!route || !params) return undefined;
  try {
    const { endpoint, operation } = route;
    const file = fileOf(endpoint, params);
    const cache = endpoint === getByChecksum ? 'immutable' : 'revalidate';
    return file && { file, cache, operation };
  } catch (error) {
    if (isStoreError(error)) return undefined;
    throw error;
  }
}

/** @throws StoreError for names that are none */
function fileOf(
  endpoint: unknown,
  params: Readonly<Record<string, string | undefined>>,
): FileQuestion | undefined {
  const { checksum = '', version = '' } = params;
  const gun = parseGun(params.gun ?? '');
  const role = parseRoleName(params.role ?? '');
  switch (endpoint) {
    case getCurrent:
      return fileQuestion(gun, role);
    case getByChecksum:
      return fileQuestion(gun, role, { sha256: checksum });
    case getByVersion:
      if (!/^[1-9][0-9]{0,9}$/.test(version)) return undefined;
      return fileQuestion(gun, role, { version: Number(version) });
    default:
      return undefined;
  }
}
