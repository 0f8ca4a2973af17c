import { counted } from '../../base/index.ts';
import type { Stageable } from '../../client/index.ts';
import type { Gun } from '../../tuf/index.ts';
import { table } from '../table.ts';
import { describeChange } from './change-words.ts';
import type { TrustContext } from './command.ts';
import type { FlagSpec, Flags } from './parse-flags.ts';
import { shown } from './shown.ts';

/** Of every command whose changes can wait for `publish`. */
export const stageFlag: FlagSpec = { name: 'stage', kind: 'boolean' };

/** Stages changes in place of publishing them, and tells what was staged. @returns the exit code */
export async function stage(
  { world, docker, title }: TrustContext,
  gun: Gun,
  changes: readonly Stageable[],
  flags: Flags,
): Promise<number> {
  const staged = (await docker.stage(gun, changes)).map(describeChange);
  if (flags.isOn('json')) {
    shown(world, { gun, staged });
    return 0;
  }
  const rows = staged.map(({ action, role, type, path, detail }) => [
    ...[action, role, type, path],
    detail,
  ]);
  world.print(table(['ACTION', 'ROLE', 'TYPE', 'PATH', 'DETAIL'], rows));
  world.print(
    `${counted(staged.length, 'change')} staged for the next publish: ${title} publish ${gun}\n`,
  );
  return 0;
}
