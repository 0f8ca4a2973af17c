import type { Action } from './access.ts';
import { authError } from './errors.ts';

/** One thing a token may be asked for. */
export type Scope =
  | { readonly type: 'repository'; readonly name: string; readonly actions: readonly Action[] }
  | { readonly type: 'registry'; readonly name: 'catalog' }
  /** Our own API, for command lines that hold only what docker login saved. */
  | { readonly type: 'countermark'; readonly name: 'api' }
  /** Well-formed, but nothing of ours: never granted. */
  | { readonly type: 'other' };

const scopeLimit = 32;
const textLimit = 1024;
const resourceType = /^[a-z0-9]+(?:\([a-z0-9]+\))?$/;
const resourceName = /^[A-Za-z0-9._:/[\]-]+$/;
const everyAction: readonly Action[] = ['pull', 'push', 'delete', '*'];

/**
 * Reads what a client asks of the token endpoint.
 *
 * @param texts  the values of the repeated `scope` parameter; each may hold several, separated by
 *               one space. At most 32 scopes, 1 KiB each
 * @returns      the scopes in order; `*` stands for every action
 * @throws StoreError AUTH_SCOPE_INVALID for anything outside the grammar
 * @see distribution 3.0, "Token scope documentation" (resourcescope)
 */
export function parseScopes(texts: readonly string[]): readonly Scope[] {
  const parts = texts.flatMap((text) => (text === '' ? [] : text.split(' ')));
  if (parts.length > scopeLimit) {
    throw authError('AUTH_SCOPE_INVALID', { scope: `more than ${scopeLimit} scopes` });
  }
  return parts.map(parseScope);
}

/** The scope as clients write it, for a challenge. */
export function formatScope(name: string, actions: readonly string[]): string {
  return `repository:${name}:${actions.join(',')}`;
}

function parseScope(text: string): Scope {
  const first = text.indexOf(':');
  const last = text.lastIndexOf(':');
  const type = text.slice(0, first);
  const name = text.slice(first + 1, last);
  const actions = text.slice(last + 1).split(',');
  // A GUN holds a colon before its port, so the name is what lies between the outermost two.
  const wellFormed =
    text.length <= textLimit && first > 0 && last > first && resourceType.test(type);
  if (!wellFormed || !resourceName.test(name)) throw invalid(text);

  if (type === 'repository') {
    return { type, name, actions: actionsOf(actions, text) };
  }
  const everything = actions.length === 1 && actions[0] === '*';
  if (type === 'registry' && name === 'catalog' && everything) return { type, name };
  if (type === 'countermark' && name === 'api' && everything) return { type, name };
  return { type: 'other' };
}

function actionsOf(words: readonly string[], text: string): readonly Action[] {
  if (words.includes('*')) return everyAction;
  const unknown = words.find((word) => !(everyAction as readonly string[]).includes(word));
  if (unknown !== undefined) throw invalid(text);
  return everyAction.filter((action) => words.includes(action));
}

function invalid(text: string) {
  return authError('AUTH_SCOPE_INVALID', { scope: text.slice(0, 100) });
}
