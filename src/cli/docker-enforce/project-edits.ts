import { join } from 'node:path';
import { type Document, isAlias, isNode, Scalar } from 'yaml';
import { unenforceable } from '../dockerfile/unenforceable.ts';

export type Path = readonly string[];

/** A text, a file of the private folder, or `undefined` for what is taken out. */
type Value = string | { readonly file: string } | undefined;

/** What is changed in a project. */
export class ProjectEdits {
  /** Files for the private folder, by name. */
  readonly files = new Map<string, string | Uint8Array>();
  readonly #copies: { readonly from: Path; readonly to: Path }[] = [];
  readonly #values: { readonly path: Path; readonly value: Value }[] = [];

  set(path: Path, value: Value): void {
    this.#values.push({ path, value });
  }

  /** Copies are made first, so that what is set is set in the copy. */
  copy(from: Path, to: Path): void {
    this.#copies.push({ from, to });
  }

  /** @throws StoreError CLI_UNENFORCEABLE where a change would be seen in two places */
  refuseAliases(document: Document): void {
    const paths = [
      ...this.#copies.map(({ from }) => from),
      ...this.#values.map(({ path }) => path),
    ];
    for (const path of paths) {
      if (path.some((_, i) => isAlias(document.getIn(path.slice(0, i + 1), true)))) {
        throw unclear(path.join('.'));
      }
    }
  }

  /** @param folder  where {@link files} are */
  apply(document: Document, folder: string): void {
    for (const { from, to } of this.#copies) {
      const found = document.getIn(from, true);
      document.setIn(to, isNode(found) ? found.clone() : found);
    }
    for (const { path, value } of this.#values) {
      if (value === undefined) document.deleteIn(path);
      else
        document.setIn(
          path,
          quoted(typeof value === 'string' ? value : written(join(folder, value.file))),
        );
    }
  }
}

/** @param what  `service web` */
export function unclear(what: string) {
  return unenforceable(`${what} of the project is written so that its image cannot be told`);
}

/** A text in which nothing is a variable. */
function written(text: string): string {
  return text.replaceAll('$', '$$$$');
}

function quoted(text: string): Scalar {
  const scalar = new Scalar(text);
  scalar.type = Scalar.QUOTE_DOUBLE;
  return scalar;
}
