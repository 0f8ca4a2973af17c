/**
 * Who may do what: the one place where that is decided. Two tables, a column per role; everything
 * else in the program asks {@link permits} or {@link permitsApi}.
 *
 * The zones in a sentence each. *staging*: the producer whose it is works there, the certification
 * team looks. *certification*: the team looks; only the store itself writes, and not through here.
 * *store*: consumers pull; only the store writes, and not through here; where the policy makes a
 * deletion a recall, whoever may recall may delete. *ordinary*: its members do as they like.
 */
import type { Action, Principal } from './access.ts';
import type { Place } from './place.ts';

/** What the operator's policy opens to people who have not signed in. */
export interface AccessPolicy {
  /** `store/...` may be pulled by anonymous consumers. */
  readonly storeIsPublic: boolean;
  /** Ordinary namespaces that everybody may pull from, anonymous readers included. */
  readonly publicNamespaces: ReadonlySet<string>;
  /** Deleting in `store/...` by the registry's API is recalling: who may do the one may do the other. */
  readonly deletionRecalls: boolean;
}

/**
 * What our own API does. `candidate.*` is about a candidate of a namespace. `catalog` is the list of
 * repositories, which names only those that its reader may pull from.
 */
export type ApiAction =
  | 'candidate.read'
  | 'candidate.decide'
  | 'history.verify'
  | 'trust.expiry'
  | 'trust.changes'
  | 'user.list'
  | 'user.add'
  | 'user.password'
  | 'user.password.own'
  | 'catalog';

type Permitted = readonly Action[];
type Columns<Cell> = readonly [
  anonymous: Cell,
  consumer: Cell,
  producer: Cell,
  reviewer: Cell,
  admin: Cell,
];
const columns = ['anonymous', 'consumer', 'producer', 'reviewer', 'admin'] as const;

const none: Permitted = [];
const pull: Permitted = ['pull'];
const all: Permitted = ['pull', 'push', 'delete', '*'];

/** `own`: the principal is a member of the namespace. `public`: the policy opens it. */
// biome-ignore format: the columns line up
const repositories = {
  //                   anonymous consumer producer reviewer admin
  'staging own':      [none,     none,    all,     pull,    pull],
  'staging foreign':  [none,     none,    none,    pull,    pull],
  certification:      [none,     none,    none,    pull,    pull],
  'store closed':     [none,     pull,    pull,    pull,    pull],
  'store public':     [pull,     pull,    pull,    pull,    pull],
  'ordinary own':     [none,     all,     all,     all,     all],
  'ordinary foreign': [none,     none,    none,    none,    all],
  'ordinary public':  [pull,     pull,    pull,    pull,    all],
  nowhere:            [none,     none,    none,    none,    none],
} satisfies Record<string, Columns<Permitted>>;

/** Where `own` differs from `foreign`, the namespace of the candidate decides. */
// biome-ignore format: the columns line up
const api = {
  //                          anonymous consumer producer reviewer admin
  'candidate.read own':       [false,   false,   true,    true,    true],
  'candidate.read foreign':   [false,   false,   false,   true,    true],
  'candidate.decide own':     [false,   false,   false,   true,    true],
  'candidate.decide foreign': [false,   false,   false,   true,    true],
  'history.verify':           [false,   false,   false,   true,    true],
  'trust.expiry':             [false,   false,   false,   true,    true],
  'trust.changes':            [false,   false,   false,   false,   true],
  'user.list':                [false,   false,   false,   false,   true],
  'user.add':                 [false,   false,   false,   false,   true],
  'user.password':            [false,   false,   false,   false,   true],
  'user.password.own':        [false,   true,    true,    true,    true],
  catalog:                    [true,    true,    true,    true,    true],
} satisfies Record<string, Columns<boolean>>;

/** True when this principal may do this in this place. */
export function permits(
  principal: Principal,
  action: Action,
  place: Place,
  policy: AccessPolicy,
): boolean {
  if (place.zone === 'store' && action === 'delete') {
    return policy.deletionRecalls && permitsApi(principal, 'candidate.decide', place.namespace);
  }
  return (
    repositories[rowOf(principal, place, policy)][columnOf(principal)]?.includes(action) ?? false
  );
}

/**
 * True when this principal may do this over our API.
 * @param namespace  of the candidate, for `candidate.*`; without one it counts as foreign
 */
export function permitsApi(principal: Principal, action: ApiAction, namespace?: string): boolean {
  const row =
    action === 'candidate.read' || action === 'candidate.decide'
      ? (`${action} ${standing(principal, namespace)}` as const)
      : action;
  return api[row][columnOf(principal)] ?? false;
}

function rowOf(
  principal: Principal,
  place: Place,
  policy: AccessPolicy,
): keyof typeof repositories {
  switch (place.zone) {
    case 'nowhere':
    case 'certification':
      return place.zone;
    case 'store':
      return policy.storeIsPublic ? 'store public' : 'store closed';
    case 'staging':
      return `staging ${standing(principal, place.namespace)}`;
    case 'ordinary': {
      const own = standing(principal, place.namespace) === 'own';
      if (!own && policy.publicNamespaces.has(place.namespace)) return 'ordinary public';
      return own ? 'ordinary own' : 'ordinary foreign';
    }
  }
}

function standing(principal: Principal, namespace: string | undefined): 'own' | 'foreign' {
  return namespace !== undefined && principal.namespaces.includes(namespace) ? 'own' : 'foreign';
}

function columnOf(principal: Principal): number {
  return columns.indexOf(principal.role);
}
