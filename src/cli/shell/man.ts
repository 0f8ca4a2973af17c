import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { trustCommandTable } from '../docker-trust/commands.ts';
import type { CliWorld } from '../ports.ts';
import { printable } from '../printable.ts';
import { manPages } from './man-pages.ts';
import { type Outline, trustOutline } from './outline.ts';

/** `man FOLDER` */
export function manCommand(
  world: Pick<CliWorld, 'clock' | 'print'>,
  outline: () => Outline,
): Command {
  return new Command('man')
    .description('Write the manual pages, of docker trust too, into a folder such as man/man1')
    .argument('<folder>')
    .action(async (folder: string) => {
      const date = world.clock().toISOString().slice(0, 10);
      const trust = trustOutline('trust', trustCommandTable);
      const pages = [...manPages(outline(), date), ...manPages(trust, date, ['docker'])];
      await mkdir(folder, { recursive: true });
      for (const [file, page] of pages) await writeFile(join(folder, file), page);
      world.print(`wrote ${pages.length} pages into ${printable(folder)}\n`);
    });
}
