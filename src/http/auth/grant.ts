import type { Principal } from './access.ts';
import { type AccessPolicy, permits, permitsApi } from './permissions.ts';
import { placeOf } from './place.ts';
import type { Scope } from './scope.ts';
import type { Access } from './tokens.ts';

/**
 * What a token may say: the part of what was asked that is permitted. A scope of which nothing is
 * permitted is left out; asking for too much is no error, the request itself will be refused.
 */
export function grant(
  principal: Principal,
  scopes: readonly Scope[],
  policy: AccessPolicy,
  origins: readonly string[],
): readonly Access[] {
  const granted = (scope: Scope): Access[] => {
    switch (scope.type) {
      case 'repository': {
        const { type, name } = scope;
        const place = placeOf(name, origins);
        const actions = scope.actions.filter((action) => permits(principal, action, place, policy));
        return actions.length === 0 ? [] : [{ type, name, actions }];
      }
      case 'registry':
        if (!permitsApi(principal, 'catalog')) return [];
        return [{ type: scope.type, name: scope.name, actions: ['*'] }];
      case 'countermark':
        if (principal.name === undefined) return [];
        return [{ type: scope.type, name: scope.name, actions: ['*'] }];
      case 'other':
        return [];
    }
  };
  return scopes.flatMap(granted);
}
