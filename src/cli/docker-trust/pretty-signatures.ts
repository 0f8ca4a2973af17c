import { printable } from '../printable.ts';
import type { Platforms } from './platforms.ts';
import { compareNaturally, type Signatures } from './signatures.ts';

const leastWidth = 10;

/**
 * What `docker trust inspect --pretty` prints of one repository.
 * @param platforms  for a column more
 */
export function prettySignatures(name: string, found: Signatures, platforms?: Platforms): string {
  const { tags, signers, rootKeys, repositoryKeys } = found;
  const tagRows = tags.map(({ tag, digest, signers: by }) => [
    printable(tag),
    digest,
    by.length === 0 ? '(Repo Admin)' : [...by].sort().join(', '),
    ...(platforms ? [told(platforms.get(digest))] : []),
  ]);
  const head = ['SIGNED TAG', 'DIGEST', 'SIGNERS', ...(platforms ? ['PLATFORMS'] : [])];
  const signerRows = [...signers]
    .sort(([a], [b]) => compareNaturally(a, b))
    .map(([signer, ids]) => [signer, shortened(ids)]);
  return [
    tags.length === 0
      ? `\nNo signatures for ${name}\n\n`
      : `\nSignatures for ${name}\n\n${columns(head, tagRows)}`,
    signers.size === 0
      ? ''
      : `\nList of signers and their keys for ${name}\n\n${columns(['SIGNER', 'KEYS'], signerRows)}`,
    `\nAdministrative keys for ${name}\n\n`,
    `  Repository Key:\t${[...repositoryKeys].sort().join(', ')}\n`,
    `  Root Key:\t${[...rootKeys].sort().join(', ')}\n`,
  ].join('');
}

function told(platforms: readonly string[] | undefined): string {
  if (!platforms) return 'not in the registry';
  return platforms.length === 0 ? 'one' : printable(platforms.join(', '));
}

function shortened(ids: readonly string[]): string {
  return [...ids]
    .sort()
    .map((id) => id.slice(0, 12))
    .join(', ');
}

/** docker's table: cells of at least ten characters, three blanks between them, the last as it is. */
function columns(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => (row[i] ?? '').length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) =>
        i === row.length - 1 ? cell : cell.padEnd(Math.max(leastWidth, (widths[i] ?? 0) + 3)),
      )
      .join('');
  return `${all.map(line).join('\n')}\n`;
}
