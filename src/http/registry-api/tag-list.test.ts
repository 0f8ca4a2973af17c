import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRepositoryName, type Tag } from '../../oci/index.ts';
import { TagList } from './tag-list.ts';

const repository = parseRepositoryName('acme/app');

/** What is answered over all pages of a repository with these tags, and how often it was read. */
function listed(tags: readonly Tag[], query: string) {
  const answers: Tag[][] = [];
  const links: string[] = [];
  let reads = 0;
  for (let asked: string | undefined = query; asked !== undefined; ) {
    const list = new TagList(repository, new URLSearchParams(asked));
    for (let page = list.wanted; page; page = list.wanted) {
      const { after = '', limit } = page;
      list.add(tags.filter((tag) => tag > after).slice(0, limit));
      reads++;
    }
    const { name, tags: page } = JSON.parse(new TextDecoder().decode(list.bytes));
    assert.equal(name, repository);
    answers.push(page);
    asked = /^<\/v2\/acme\/app\/tags\/list\?(.+)>; rel="next"$/.exec(list.link ?? '')?.[1];
    if (list.link !== undefined) links.push(asked ?? assert.fail(list.link));
  }
  return { answers, links, reads };
}

function tagsOf(count: number, length = 6): Tag[] {
  return Array.from({ length: count }, (_, i) => String(i).padStart(length, '0') as Tag);
}

test('without n all tags are in one answer, read some at a time', () => {
  for (const [count, reads] of [
    [0, 1],
    [1, 1],
    [5_000, 1],
    [5_001, 2],
    [10_000, 2],
    [100_001, 21],
  ] as const) {
    const tags = tagsOf(count);
    assert.deepEqual(listed(tags, ''), { answers: [tags], links: [], reads }, `${count} tags`);
  }
});

test('what is longer than an answer goes on behind its link', () => {
  const tags = tagsOf(40_000, 128);
  const { answers, links } = listed(tags, '');
  assert.deepEqual(answers.flat(), tags);
  // Each tag takes 131 bytes, and five thousand are read at once.
  assert.deepEqual(
    answers.map((page) => page.length),
    [15_000, 15_000, 10_000],
  );
  assert.deepEqual(links, [`last=${tags[14_999]}`, `last=${tags[29_999]}`]);
  const begun = listed(tags, `last=${tags[9]}`);
  assert.deepEqual(begun.answers.flat(), tags.slice(10));
});

test('with n no answer has more, and none has more than can be read at once', () => {
  const tags = tagsOf(25_000);
  for (const [n, sizes] of [
    [10_000, [10_000, 10_000, 5_000]],
    [12_500, [10_000, 10_000, 5_000]],
    [6_250, [6_250, 6_250, 6_250, 6_250]],
  ] as const) {
    const { answers, links } = listed(tags, `n=${n}`);
    assert.deepEqual(answers.flat(), tags);
    assert.deepEqual(
      answers.map((page) => page.length),
      sizes,
    );
    assert.ok(links.every((link) => link.startsWith(`n=${Math.min(n, 10_000)}&last=`)));
  }
});
