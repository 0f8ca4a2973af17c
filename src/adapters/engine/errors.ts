import { type ErrorSpec, errorFactory } from '../../base/index.ts';

/** Codes of asking a docker engine directly. */
export const engineErrors = {
  ENGINE_REFUSED: { message: '{reason}' },
  ENGINE_ANSWER: {
    message: 'the engine answered something else than was asked for: {reason}; see its log',
  },
} satisfies Record<string, ErrorSpec>;

export const engineError = errorFactory(engineErrors);
