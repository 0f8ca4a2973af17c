import { ociError } from './errors.ts';
import { namesOf, newNode, nodeAt, type TreeNode, walk } from './filesystem-tree.ts';
import type { TarKind } from './tar.ts';

/** What a layer says of one path. `T` is what its reader took from the content, if anything. */
export interface LayerEntry<T> {
  readonly kind: TarKind;
  readonly path: string;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly linkTarget: string;
  readonly hasCapabilities: boolean;
  readonly extract: T | undefined;
}

/** An entry that a container would see, and the layer (counted from zero) it comes from. */
export interface VisibleEntry<T> {
  readonly path: string;
  readonly layer: number;
  readonly entry: LayerEntry<T>;
}

const whiteout = '.wh.';
/** `.wh..wh.opq` hides a directory's content; other names that start so are bookkeeping of AUFS. */
const whiteoutMeta = '.wh..wh.';
const opaqueWhiteout = '.wh..wh..opq';
const mostLinks = 40;
const fewPaths = 10;

/**
 * What a container sees of its image: layers laid over each other in order. Holds no contents, only
 * what each layer says of its paths. Nothing is ever followed out of the image: links are resolved
 * in this view alone, and an entry below a symbolic link replaces the link, as overlay
 * filesystems do.
 *
 * @see OCI image-spec 1.1, "Image Layer Filesystem Changeset", "Applying Changesets" and "Whiteouts"
 */
export class LayeredFilesystem<T> {
  readonly #root: TreeNode<LayerEntry<T>> = newNode(0);
  readonly #hiddenBytes: number[] = [];
  readonly #throughLinks: string[] = [];

  /** Bytes of files that later layers hide, by the layer that holds them: they are shipped unseen. */
  get hiddenBytes(): readonly number[] {
    return this.#hiddenBytes;
  }

  /**
   * Entries that lie below a symbolic link, a few of them. Programs that unpack layers disagree on
   * those: some follow the link, some replace it.
   */
  get throughLinks(): readonly string[] {
    return this.#throughLinks;
  }

  /**
   * Lays one more layer over the others. Whiteouts hide what lower layers have, wherever in the
   * layer they stand, and never what their own layer brings.
   *
   * @throws StoreError OCI_WHITEOUT_INVALID; then the layer is in part applied
   */
  addLayer(entries: Iterable<LayerEntry<T>>): void {
    const layer = this.#hiddenBytes.push(0) - 1;
    const kept: LayerEntry<T>[] = [];
    for (const entry of entries) {
      if (!this.#hide(entry.path)) kept.push(entry);
    }
    for (const entry of kept) this.#put(entry, layer);
  }

  /** The entry at a path, a link as the link that it is; undefined where there is none. */
  get(path: string): VisibleEntry<T> | undefined {
    return visible(path, nodeAt(this.#root, path));
  }

  /**
   * The entry a program in the container would open: symbolic links are followed within the image.
   * @returns undefined when it leads nowhere, or in a circle
   */
  resolve(path: string): VisibleEntry<T> | undefined {
    const waiting = namesOf(path).reverse();
    let at: { node: TreeNode<LayerEntry<T>>; path: string }[] = [];
    for (let links = 0; ; ) {
      const name = waiting.pop();
      const here = at.at(-1) ?? { node: this.#root, path: '' };
      if (name === undefined) return visible(here.path, here.node);
      if (name === '' || name === '.') continue;
      if (name === '..') {
        at.pop();
        continue;
      }
      const node = here.node.children?.get(name);
      if (!node) return undefined;
      if (node.entry?.kind !== 'symlink') {
        at.push({ node, path: here.path === '' ? name : `${here.path}/${name}` });
        continue;
      }
      if (++links > mostLinks) return undefined;
      const target = node.entry.linkTarget;
      if (target.startsWith('/')) at = [];
      waiting.push(...target.split('/').reverse());
    }
  }

  /** Every entry a container sees, parents before what lies in them. */
  *entries(): Generator<VisibleEntry<T>, undefined> {
    for (const { path, node } of walk(this.#root)) {
      const found = visible(path, node);
      if (found) yield found;
    }
  }

  /** @returns true when the path is a whiteout, which then has been obeyed */
  #hide(path: string): boolean {
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    if (!name.startsWith(whiteout)) return false;
    const folder = nodeAt(this.#root, slash < 0 ? '' : path.slice(0, slash));
    if (name === opaqueWhiteout) {
      for (const child of folder?.children?.values() ?? []) this.#bury(child);
      folder?.children?.clear();
    } else if (!name.startsWith(whiteoutMeta)) {
      const hidden = name.slice(whiteout.length);
      if (hidden === '' || hidden === '.' || hidden === '..') {
        throw ociError('OCI_WHITEOUT_INVALID', { path: path.slice(0, 200) });
      }
      this.#remove(folder, hidden);
    }
    return true;
  }

  #put(entry: LayerEntry<T>, layer: number): void {
    let node = this.#root;
    for (const name of namesOf(entry.path)) {
      if (node.entry && node.entry.kind !== 'directory') this.#replaceParent(node, entry.path);
      node.children ??= new Map();
      const next = node.children.get(name) ?? newNode(layer);
      node.children.set(name, next);
      node = next;
    }
    const isDirectory = entry.kind === 'directory';
    const shared = entry.kind === 'hardlink' ? this.#linked(entry) : entry;
    if (node.entry && !(isDirectory && node.entry.kind === 'directory')) this.#clear(node);
    else if (!isDirectory && node.children) this.#clear(node);
    node.entry = shared;
    node.layer = layer;
  }

  #replaceParent(node: TreeNode<LayerEntry<T>>, path: string): void {
    const isLink = node.entry?.kind === 'symlink';
    if (isLink && this.#throughLinks.length < fewPaths) this.#throughLinks.push(path);
    this.#clear(node);
  }

  /** A hard link is the file it names: its mode and what was read of it, without its bytes again. */
  #linked(link: LayerEntry<T>): LayerEntry<T> {
    const target = nodeAt(this.#root, link.linkTarget)?.entry;
    if (!target || target.kind === 'directory') return { ...link, sizeBytes: 0 };
    const { kind, mode, hasCapabilities, extract, linkTarget } = target;
    return { kind, path: link.path, sizeBytes: 0, mode, linkTarget, hasCapabilities, extract };
  }

  #remove(folder: TreeNode<LayerEntry<T>> | undefined, name: string): void {
    const node = folder?.children?.get(name);
    if (!node) return;
    this.#bury(node);
    folder?.children?.delete(name);
  }

  #clear(node: TreeNode<LayerEntry<T>>): void {
    this.#bury(node);
    node.entry = undefined;
    node.children = undefined;
  }

  #bury(node: TreeNode<LayerEntry<T>>): void {
    for (const { node: below } of walk(node)) {
      if (below.entry?.kind !== 'file') continue;
      const before = this.#hiddenBytes[below.layer] ?? 0;
      this.#hiddenBytes[below.layer] = before + below.entry.sizeBytes;
    }
  }
}

function visible<T>(
  path: string,
  node: TreeNode<LayerEntry<T>> | undefined,
): VisibleEntry<T> | undefined {
  return node?.entry && { path, layer: node.layer, entry: node.entry };
}
