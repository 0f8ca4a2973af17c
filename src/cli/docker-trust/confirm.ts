import { cliError } from '../errors.ts';
import type { TrustContext } from './command.ts';

/** Asks as docker does. @returns true for `y` only, in either case; the end of the input is no */
export async function confirm(
  { say, input }: Pick<TrustContext, 'say' | 'input'>,
  question: string,
): Promise<boolean> {
  say(`${question} [y/N] `);
  const answer = await input.next();
  return answer?.trim().toLowerCase() === 'y';
}

/**
 * Asks a person, never a pipe: what docker does not have need not be read from one.
 * @param flag  what says yes beforehand
 * @throws StoreError CLI_NOT_ASKED where there is no terminal
 */
export async function confirmByPerson(
  context: Pick<TrustContext, 'world' | 'say' | 'input'>,
  question: string,
  flag: string,
): Promise<boolean> {
  if (!context.world.isTerminal) throw cliError('CLI_NOT_ASKED', { question, flag });
  return await confirm(context, question);
}
