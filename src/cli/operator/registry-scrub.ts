import { Command } from 'commander';
import { counted, parseSize, sizeText } from '../../base/index.ts';
import type { Fault, Scrubbed } from '../../registry/index.ts';
import { cliError } from '../errors.ts';
import { exitCodes, type Report } from '../exit-codes.ts';
import type { CliWorld } from '../ports.ts';
import { printable } from '../printable.ts';

interface ScrubOptions {
  readonly data: string;
  readonly rate?: string;
  readonly json?: boolean;
}

/** `registry scrub`: exit 0 when everything is what its name says, 1 when something is not. */
export function registryScrubCommand(
  world: Pick<CliWorld, 'isWatched' | 'print' | 'printError' | 'scrubRegistry'>,
  report: Report,
): Command {
  return new Command('scrub')
    .description('Read everything again, and put aside what rotted')
    .option('--data <dir>', 'the data folder of the store', './data')
    .option('--rate <size>', 'read so much in a second at most, as 50MiB')
    .action(async (_options: unknown, command: Command) => {
      const { data, rate, json } = command.optsWithGlobals<ScrubOptions>();
      const question = { data, bytesPerSecond: rate === undefined ? undefined : bytesOf(rate) };
      const scrubbed = await world.scrubRegistry(question, ({ blobs, bytes }) => {
        if (world.isWatched)
          world.printError(`\r${counted(blobs, 'blob')} read, ${sizeText(bytes)}\u001b[K`);
      });
      if (world.isWatched) world.printError('\r\u001b[K');
      world.print(json ? `${JSON.stringify(scrubbed, null, 2)}\n` : rendered(scrubbed));
      report(scrubbed.faults.length === 0 ? exitCodes.done : exitCodes.no);
    });
}

/** @throws StoreError CLI_USAGE */
function bytesOf(rate: string): number {
  const bytes = parseSize(rate);
  if (bytes !== undefined && bytes >= 1024) return bytes;
  throw cliError('CLI_USAGE', {
    reason: '--rate is a size of 1KiB at least, as 50MiB; see --help',
  });
}

function rendered({ blobs, manifests, bytes, faults }: Scrubbed): string {
  const head = `${counted(blobs, 'blob')} and ${counted(manifests, 'manifest')} read, ${sizeText(bytes)}: `;
  if (faults.length === 0) return `${head}all are what their names say.\n`;
  return `${head}${counted(faults.length, 'fault')}.\n\n${faults.map(shown).join('')}`;
}

function shown({ kind, what, digest, found, repositories, quarantined }: Fault): string {
  const lines = [`${kind} ${what} ${digest}`, `  found: ${printable(found)}`];
  if (quarantined !== undefined) lines.push(`  put aside: ${quarantined}`);
  if (repositories.length === 0) lines.push('  no repository has it');
  else lines.push(`  push its images again in: ${repositories.join(', ')}`);
  return `${lines.join('\n')}\n`;
}
