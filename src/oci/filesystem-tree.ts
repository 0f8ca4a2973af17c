/** A place in a merged filesystem: what the layers put there, and what lies below it. */
export interface TreeNode<E> {
  /** Undefined for a directory that no layer names, only paths below it. */
  entry: E | undefined;
  /** Which layer put the entry there, counted from zero. */
  layer: number;
  children: Map<string, TreeNode<E>> | undefined;
}

export function newNode<E>(layer: number): TreeNode<E> {
  return { entry: undefined, layer, children: undefined };
}

/** The node at a path below this one; undefined when there is none. */
export function nodeAt<E>(root: TreeNode<E>, path: string): TreeNode<E> | undefined {
  let node: TreeNode<E> | undefined = root;
  for (const name of namesOf(path)) node = node?.children?.get(name);
  return node;
}

/** Components of a path; none for the root. */
export function namesOf(path: string): string[] {
  return path === '' ? [] : path.split('/');
}

/** Every node of a tree with its path, parents first. It does not recurse: paths may be deep. */
export function* walk<E>(
  root: TreeNode<E>,
  path = '',
): Generator<{ path: string; node: TreeNode<E> }, undefined> {
  const waiting = [{ path, node: root }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    yield next;
    for (const [name, node] of next.node.children ?? []) {
      waiting.push({ path: next.path === '' ? name : `${next.path}/${name}`, node });
    }
  }
}
