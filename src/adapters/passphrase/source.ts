import { Secret } from '../../base/index.ts';

/** What a passphrase is wanted for. */
export interface PassphraseRequest {
  /** 64 hex digits. */
  readonly keyId: string;
  /** `root`, `targets`, `snapshot`, or the name a signer's key was given. */
  readonly role: string;
  /** True for a key that is being made, false for one that is to be opened. */
  readonly creating: boolean;
  /** 0 at first; one more each time the last answer did not open the key. */
  readonly attempt: number;
}

/**
 * Gives the passphrase of a key.
 * @returns undefined when it has nothing (more) to offer; never an empty one
 */
export type PassphraseSource = (request: PassphraseRequest) => Promise<Secret | undefined>;

/** One passphrase for everything, offered once per key: for tests and demonstrations. */
export function fixedPassphrase(passphrase: string): PassphraseSource {
  return async ({ attempt }) => (attempt === 0 ? new Secret(passphrase) : undefined);
}

/**
 * The first source that offers anything for a key answers for it; attempts that it has used up go
 * to the next one, which counts from 0 again.
 */
export function firstOf(...sources: readonly PassphraseSource[]): PassphraseSource {
  const positions = new Map<string, { source: number; start: number }>();
  return async (request) => {
    if (request.attempt === 0) positions.set(request.keyId, { source: 0, start: 0 });
    const position = positions.get(request.keyId) ?? { source: 0, start: 0 };
    for (; position.source < sources.length; position.source++, position.start = request.attempt) {
      const attempt = request.attempt - position.start;
      const answer = await sources[position.source]?.({ ...request, attempt });
      if (answer !== undefined) return answer;
    }
    return undefined;
  };
}
