import type { TrustContext } from './command.ts';

/** Asks as docker does. @returns true for `y` only, in either case; the end of the input is no */
export async function confirm(
  { world, input }: Pick<TrustContext, 'world' | 'input'>,
  question: string,
): Promise<boolean> {
  world.print(`${question} [y/N] `);
  const answer = await input.next();
  return answer?.trim().toLowerCase() === 'y';
}
