import { Command } from 'commander';
import type { Report } from '../exit-codes.ts';
import type { CliWorld } from '../ports.ts';
import { registryImportCommand } from './registry-import.ts';
import { registryScrubCommand } from './registry-scrub.ts';

/** `registry import|scrub`: what is done to the data folder itself, not through the API. */
export function registryCommands(world: CliWorld, report: Report): Command {
  return new Command('registry')
    .description("Look after the registry's data")
    .addCommand(registryImportCommand(world, report))
    .addCommand(registryScrubCommand(world, report));
}
