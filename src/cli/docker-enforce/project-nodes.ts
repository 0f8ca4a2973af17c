import { unenforceable } from '../dockerfile/unenforceable.ts';
import { type Path, unclear } from './project-edits.ts';

/** A mapping of a project, by whatever strangers call its keys. */
export type Node = ReadonlyMap<string, unknown>;

/** @throws StoreError CLI_UNENFORCEABLE unless it is a mapping */
export function node(value: unknown, what: string): Node {
  if (value instanceof Map) return value;
  throw unclear(what);
}

/** The text of a key, undefined without one. @throws StoreError CLI_UNENFORCEABLE when it is none */
export function word(map: Node, name: string, path: Path): string | undefined {
  const value = map.get(name);
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw unclear([...path, name].join('.'));
  return plain(value);
}

/** Without what compose writes twice, so that it is not taken for a variable. */
export function plain(text: string): string {
  return text.replaceAll('$$', '$');
}

/** @throws StoreError CLI_UNENFORCEABLE for a key that could bring an image, for all that is known here */
export function refuseUnknown(map: Node, known: ReadonlySet<string>, where: string): void {
  for (const [key, value] of map) {
    if (known.has(key) || key.startsWith('x-') || isEmpty(value)) continue;
    throw unenforceable(
      `"${key}" of ${where} could bring what nobody verifies here; take it out of the project`,
    );
  }
}

function isEmpty(value: unknown): boolean {
  return (value instanceof Map && value.size === 0) || (Array.isArray(value) && value.length === 0);
}
