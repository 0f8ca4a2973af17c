import { sizeText } from '../../../base/index.ts';
import type { Finding } from '../../../findings/index.ts';
import { found } from '../rules.ts';
import type { HygieneSubject } from './subject.ts';

/** By kind of cache, how its files are known. */
const caches: readonly [kind: string, path: RegExp][] = [
  ['apt packages', /^var\/cache\/apt\/(archives\/.+\.deb|(src)?pkgcache\.bin)$/],
  ['apt lists', /^var\/lib\/apt\/lists\/(?!lock$|partial$|auxfiles$).+/],
  ['apk packages', /^(var\/cache|etc)\/(apk|apk\/cache)\/[^/]+\.(apk|tar\.gz)$/],
  ['dnf and yum packages', /^var\/cache\/(dnf|yum|libdnf5)\/.+/],
  ['npm cache', /^(root|home\/[^/]+|usr\/src\/app|app)\/\.npm\/_cacache\/.+/],
  [
    'yarn cache',
    /^(usr\/local\/share\/\.cache\/yarn|(root|home\/[^/]+)\/\.(cache\/yarn|yarn\/berry\/cache))\/.+/,
  ],
  ['pip cache', /^(root|home\/[^/]+)\/\.cache\/pip\/.+/],
  ['Go build cache', /^(root|home\/[^/]+)\/\.cache\/go-build\/.+/],
];

/** Files of package managers that nobody needs at run time. */
export function* packageCaches({ view, platforms }: HygieneSubject): Iterable<Finding> {
  const sums = new Map<string, { files: number; bytes: number }>();
  for (const { path, entry } of view.entries()) {
    if (entry.kind !== 'file') continue;
    const kind = caches.find(([, known]) => known.test(path))?.[0];
    if (kind === undefined) continue;
    const { files, bytes } = sums.get(kind) ?? { files: 0, bytes: 0 };
    sums.set(kind, { files: files + 1, bytes: bytes + entry.sizeBytes });
  }
  for (const [kind, { files, bytes }] of sums) {
    const detail = `${kind}: ${files} files, ${sizeText(bytes)}`;
    yield found('HYGIENE_PACKAGE_CACHE', { subject: kind, detail, platforms });
  }
}

/** What is pulled and never seen. */
export function* hiddenBytes({
  view,
  layers,
  limits,
  platforms,
}: HygieneSubject): Iterable<Finding> {
  const total = view.hiddenBytes.reduce((sum, bytes) => sum + bytes, 0);
  if (total <= limits.hiddenBytes) return;
  const worst = view.hiddenBytes
    .map((bytes, at) => ({ bytes, layer: at + 1 }))
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, 3)
    .map(({ bytes, layer }) => `${sizeText(bytes)} of layer ${layer}`);
  const detail = `${sizeText(total)} in ${layers.length} layers are hidden by later ones: ${worst.join(', ')}`;
  yield found('HYGIENE_HIDDEN_BYTES', { subject: 'layers', detail, platforms });
}

export function* tooLarge({ layers, limits, platforms }: HygieneSubject): Iterable<Finding> {
  const total = layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (total <= limits.imageBytes) return;
  const detail = `its layers are ${sizeText(total)}, more than ${sizeText(limits.imageBytes)}`;
  yield found('HYGIENE_TOO_LARGE', { subject: 'layers', detail, platforms });
}
