import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/support/property-runs.ts';
import { isStoreError } from '../base/index.ts';
import { type LayerEntry, LayeredFilesystem } from './filesystem.ts';

/**
 * A layer is a list of texts: `a/b 10` a file of ten bytes, `a/` a directory, `a -> b` a symbolic
 * link, `a = b` a hard link. The expectation lists `path@layer` of what a container sees.
 */
const merges: [what: string, layers: string[][], seen: string[], hidden: number[]][] = [
  [
    'layers add up',
    [
      ['a/', 'a/b 1'],
      ['a/c 2', 'd 3'],
    ],
    ['a@0', 'a/b@0', 'a/c@1', 'd@1'],
    [0, 0],
  ],
  ['a file replaces a file', [['a 5'], ['a 7']], ['a@1'], [5, 0]],
  ['the last of two files in one layer counts', [['a 5', 'a 7']], ['a@0'], [5]],
  ['a directory keeps what is in it', [['a/', 'a/b 1'], ['a/']], ['a@1', 'a/b@0'], [0, 0]],
  [
    'a file replaces a directory with all in it',
    [['a/', 'a/b/c 4', 'a/d 1'], ['a 2']],
    ['a@1'],
    [5, 0],
  ],
  ['a directory replaces a file', [['a 5'], ['a/', 'a/b 1']], ['a@1', 'a/b@1'], [5, 0]],
  ['a path below a file replaces it', [['a 5'], ['a/b 1']], ['a/b@1'], [5, 0]],
  ['a whiteout hides a file', [['a 5', 'b 1'], ['.wh.a']], ['b@0'], [5, 0]],
  [
    'a whiteout hides a directory with all in it',
    [['a/', 'a/b 4', 'a/c/d 2'], ['.wh.a']],
    [],
    [6, 0],
  ],
  ['a whiteout of nothing hides nothing', [['a 5'], ['.wh.b', 'c/.wh.a']], ['a@0'], [0, 0]],
  ['a whiteout spares its own layer, before it', [['a 5'], ['a 6', '.wh.a']], ['a@1'], [5, 0]],
  ['a whiteout spares its own layer, behind it', [['a 5'], ['.wh.a', 'a 6']], ['a@1'], [5, 0]],
  [
    'an opaque directory hides all of lower layers',
    [
      ['a/', 'a/b 4', 'c 1'],
      ['a/', 'a/.wh..wh..opq', 'a/d 2'],
    ],
    ['a@1', 'a/d@1', 'c@0'],
    [4, 0],
  ],
  [
    'an opaque directory spares its own layer',
    [['a/b 4'], ['a/d 2', 'a/.wh..wh..opq']],
    ['a/d@1'],
    [4, 0],
  ],
  ['an opaque root hides everything', [['a/b 4', 'c 1'], ['.wh..wh..opq']], [], [5, 0]],
  ['bookkeeping of AUFS is no file', [['.wh..wh.plnk 1', 'a 1']], ['a@0'], [0]],
  ['what was hidden may come back', [['a 5'], ['.wh.a'], ['a 6']], ['a@2'], [5, 0, 0]],
  [
    'hidden bytes are counted by the layer that holds them',
    [['a 5'], ['b 7'], ['.wh.a', '.wh.b']],
    [],
    [5, 7, 0],
  ],
  [
    'a hard link holds no bytes of its own',
    [
      ['a 5', 'b = a'],
      ['.wh.a', '.wh.b'],
    ],
    [],
    [5, 0],
  ],
  [
    'names of objects are names',
    [['__proto__ 1', 'constructor/prototype 2']],
    ['__proto__@0', 'constructor/prototype@0'],
    [0],
  ],
];

for (const [what, layers, seen, hidden] of merges) {
  test(what, () => {
    const view = merged(layers);
    assert.deepEqual(
      [...view.entries()].map(({ path, layer }) => `${path}@${layer}`).sort(),
      seen.toSorted(),
    );
    assert.deepEqual(view.hiddenBytes, hidden);
  });
}

for (const path of ['.wh.', 'a/.wh..', '.wh...']) {
  test(`the whiteout ${path} is refused`, () => {
    assert.throws(
      () => merged([['a/b 1'], [path]]),
      (error) => isStoreError(error) && error.code === 'OCI_WHITEOUT_INVALID',
    );
  });
}

const linked = merged([
  ['etc/', 'etc/os-release -> ../usr/lib/os-release', 'usr/lib/os-release 10', 'lib -> usr/lib'],
  ['abs -> /usr/lib', 'out -> ../../../etc/passwd', 'circle -> circle2', 'circle2 -> circle'],
  ['dangling -> nowhere', 'two -> abs/os-release', 'dots -> ./usr/./lib/../lib/os-release'],
]);

/** One row: a path, and where a program in the container ends up. */
const resolutions: [path: string, end: string | undefined][] = [
  ['usr/lib/os-release', 'usr/lib/os-release'],
  ['etc/os-release', 'usr/lib/os-release'],
  ['lib/os-release', 'usr/lib/os-release'],
  ['abs/os-release', 'usr/lib/os-release'],
  ['two', 'usr/lib/os-release'],
  ['dots', 'usr/lib/os-release'],
  ['out', undefined],
  ['circle', undefined],
  ['dangling', undefined],
  ['etc/../lib/os-release', 'usr/lib/os-release'],
  ['../../usr/lib/os-release', 'usr/lib/os-release'],
  ['usr/lib/os-release/x', undefined],
];

for (const [path, end] of resolutions) {
  test(`${path} opens ${end ?? 'nothing'}`, () => {
    assert.equal(linked.resolve(path)?.path, end);
  });
}

test('a link is a link until somebody opens it', () => {
  assert.equal(linked.get('etc/os-release')?.entry.linkTarget, '../usr/lib/os-release');
});

test('a link that leads above the root stays in the image', () => {
  const view = merged([['etc/passwd 3', 'a/b/out -> ../../../../etc/passwd']]);
  assert.equal(view.resolve('a/b/out')?.path, 'etc/passwd');
});

test('a hard link is the file that it names, its mode and what was read of it', () => {
  const view = new LayeredFilesystem<string>();
  view.addLayer([
    { ...entry('status 10'), mode: 0o4755, extract: 'read' },
    { ...entry('other = status'), mode: 0o600 },
  ]);
  const found = view.get('other')?.entry;
  assert.deepEqual(
    [found?.kind, found?.mode, found?.sizeBytes, found?.extract],
    ['file', 0o4755, 0, 'read'],
  );
});

test('an entry below a symbolic link is noticed, since programs disagree on it', () => {
  const view = merged([['lib -> usr/lib', 'usr/lib/a 1'], ['lib/b 1']]);
  assert.deepEqual(view.throughLinks, ['lib/b']);
  assert.equal(view.get('lib/b')?.layer, 1);
});

test('deep trees and many layers need no deep stack', () => {
  const path = Array.from({ length: 2000 }, () => 'd').join('/');
  const view = merged([[`${path}/f 9`], ['.wh.d']]);
  assert.deepEqual(view.hiddenBytes, [9, 0]);
});

const someName = fc.constantFrom('a', 'b', 'c');
const somePath = fc.array(someName, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
const someEntry = fc.oneof(
  fc.tuple(somePath, fc.nat({ max: 9 })).map(([path, size]) => `${path} ${size}`),
  somePath.map((path) => `${path}/`),
  fc.tuple(somePath, somePath).map(([path, target]) => `${path} -> ${target}`),
  fc.tuple(somePath, somePath).map(([path, target]) => `${path} = ${target}`),
  somePath.map((path) => path.replace(/(^|\/)([^/]+)$/, '$1.wh.$2')),
  somePath.map((path) => `${path}/.wh..wh..opq`),
);

test('bytes are seen or hidden, never lost and never counted twice', () => {
  const layers = fc.array(fc.array(someEntry, { maxLength: 8 }), { maxLength: 4 });
  fc.assert(
    fc.property(layers, (written) => {
      const view = merged(written);
      const total = written
        .flat()
        .map(entry)
        .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      const seen = [...view.entries()].reduce((sum, found) => sum + found.entry.sizeBytes, 0);
      assert.equal(seen + view.hiddenBytes.reduce((sum, bytes) => sum + bytes, 0), total);
      for (const { path, entry: found } of view.entries()) {
        if (found.kind === 'symlink') view.resolve(path);
        assert.doesNotMatch(path, /\.wh\./);
      }
    }),
    runs,
  );
});

function merged(layers: readonly (readonly string[])[]): LayeredFilesystem<string> {
  const view = new LayeredFilesystem<string>();
  for (const layer of layers) view.addLayer(layer.map(entry));
  return view;
}

function entry(text: string): LayerEntry<string> {
  const [path = '', second, third] = text.split(' ');
  const common = {
    sizeBytes: 0,
    mode: 0o644,
    linkTarget: '',
    hasCapabilities: false,
    extract: undefined,
  };
  if (path.endsWith('/')) return { ...common, kind: 'directory', path: path.slice(0, -1) };
  if (second === '->') return { ...common, kind: 'symlink', path, linkTarget: third ?? '' };
  if (second === '=') return { ...common, kind: 'hardlink', path, linkTarget: third ?? '' };
  return { ...common, kind: 'file', path, sizeBytes: Number(second ?? 0) };
}
