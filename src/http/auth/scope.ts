import { isGun } from '../../tuf/index.ts';
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
/** One scope at the beginning of a text. A name may hold colons and spaces, so it ends before the actions. */
const first = /^([a-z0-9]+(?:\([a-z0-9]+\))?):(.{1,1024}?):([a-z*]+(?:,[a-z*]+)*)(?: (?=.)|$)/s;
const resourceName = /^[A-Za-z0-9._:/[\]-]+$/;
const everyAction: readonly Action[] = ['pull', 'push', 'delete', '*'];

/**
 * Reads what a client asks of the token endpoint.
 *
 * @param texts  the values of the repeated `scope` parameter; each may hold several, separated by
 *               one space. At most 32 scopes, 1 KiB each
 * @returns      the scopes in order; `*` stands for every action
 * @throws StoreError AUTH_SCOPE_INVALID for anything outside the grammar
 * @see distribution 3.0, "Token scope documentation" (resourcescope), whose names are repositories';
 *      here they may also be any GUN's
 */
export function parseScopes(texts: readonly string[]): readonly Scope[] {
  const scopes: Scope[] = [];
  for (let rest of texts) {
    while (rest !== '') {
      if (scopes.length === scopeLimit) throw invalid(`more than ${scopeLimit} scopes`);
      const [text = '', type = '', name = '', actions = ''] = first.exec(rest) ?? [];
      if (text === '' || text.length > textLimit) throw invalid(rest);
      scopes.push(scopeOf(type, name, actions.split(',')));
      rest = rest.slice(text.length);
    }
  }
  return scopes;
}

/** The scope as clients write it, for a challenge. */
export function formatScope(name: string, actions: readonly string[]): string {
  return `repository:${name}:${actions.join(',')}`;
}

function scopeOf(type: string, name: string, actions: readonly string[]): Scope {
  if (!resourceName.test(name) && !isGun(name)) throw invalid(`${type}:${name}`);
  if (type === 'repository') return { type, name, actions: actionsOf(actions, `${type}:${name}`) };
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
