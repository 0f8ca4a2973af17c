import { utf8 } from '../../base/index.ts';
import type { RepositoryName, Tag } from '../../oci/index.ts';
import type { Page } from '../../registry/index.ts';
import { nextPage, pageOf } from './paging.ts';

/**
 * An answer ends when it is this long: 100,000 tags of ten letters. Many may ask at once, and each has one in
 * memory until it is sent.
 */
const answerBytes = 1.25 * 1024 * 1024;
/** Tags that are read at once without `n`: by so many an answer may be longer. */
const readAtOnce = 5_000;

/**
 * The answer to one request for tags, put together from pages of them. With `n` it is one page, without
 * it is all there are. What is longer than an answer is continued by its link.
 *
 * @see OCI distribution-spec 1.1, "Listing Tags"
 */
export class TagList {
  readonly #repository: RepositoryName;
  readonly #n: number | undefined;
  readonly #limit: number;
  readonly #pieces: Uint8Array[];
  #sizeBytes = 0;
  #wanted: Page | undefined;
  #link: string | undefined;

  /** @throws StoreError REGISTRY_API_PAGE_INVALID */
  constructor(repository: RepositoryName, query: URLSearchParams) {
    const { after, limit } = pageOf(query);
    this.#repository = repository;
    this.#n = query.has('n') ? limit : undefined;
    this.#limit = this.#n ?? readAtOnce;
    this.#pieces = [utf8(`{"name":"${repository}","tags":[`)];
    this.#want(after);
  }

  /** What is to be read and added next; undefined when the answer is whole. */
  get wanted(): Page | undefined {
    return this.#wanted;
  }

  /** @param found  the tags that were {@link TagList.wanted} */
  add(found: readonly Tag[]): void {
    const tags = found.slice(0, this.#limit);
    const last = tags.at(-1);
    this.#wanted = undefined;
    if (last === undefined) return;
    // No character of a tag is escaped in JSON.
    const piece = utf8(`${this.#sizeBytes > 0 ? ',' : ''}"${tags.join('","')}"`);
    this.#pieces.push(piece);
    this.#sizeBytes += piece.length;
    if (found.length === tags.length) return;
    if (this.#n === undefined && this.#sizeBytes < answerBytes) this.#want(last);
    else this.#link = nextPage(`/v2/${this.#repository}/tags/list`, this.#n, last);
  }

  /** The Link header; undefined where nothing follows. */
  get link(): string | undefined {
    return this.#link;
  }

  get bytes(): Uint8Array {
    return Buffer.concat([...this.#pieces, utf8(']}')]);
  }

  /** One more than is used, to know whether there are more. */
  #want(after: string | undefined): void {
    this.#wanted = { after, limit: this.#limit + 1 };
  }
}
