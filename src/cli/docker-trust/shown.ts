import type { FlagSpec } from './parse-flags.ts';

/** Every command that gives data has it. */
export const jsonFlag: FlagSpec = { name: 'json', kind: 'boolean' };

/** Prints data in the form that docs/cli.md promises. */
export function shown({ print }: { readonly print: (text: string) => void }, value: unknown): void {
  print(`${JSON.stringify(value, null, 2)}\n`);
}
