import type { ListedChange } from '../../client/index.ts';
import { table } from '../table.ts';
import { type ChangeWords, describeChange } from './change-words.ts';

/** A staged change as a person and a program are shown it. */
export interface StagedRow {
  /** From 0, as in notary: what `reset --number` takes. */
  readonly number: number;
  readonly file: string;
  readonly change: ChangeWords | null;
  /** Why it cannot be read. */
  readonly failure: { readonly code: string; readonly message: string } | null;
}

/** All that waits, in its order. */
export function stagedRows(listed: readonly ListedChange[]): StagedRow[] {
  return listed.map((each, number) => {
    const { file } = each;
    if ('change' in each)
      return { number, file, change: describeChange(each.change), failure: null };
    const { code, message } = each.failure;
    return { number, file, change: null, failure: { code, message } };
  });
}

/** Lines under headings. */
export function stagedTable(rows: readonly StagedRow[]): string {
  return table(['#', 'ACTION', 'ROLE', 'TYPE', 'PATH', 'DETAIL'], rows.map(cells));
}

function cells({ number, change, failure }: StagedRow): string[] {
  if (!change) return [String(number), '?', '?', '?', '', `${failure?.code}: ${failure?.message}`];
  const { action, role, type, path, detail } = change;
  return [String(number), action, role, type, path, detail];
}
