import type { Json } from '../base/index.ts';

/** Every text in a JSON value: strings, and the names of members. */
export function* textsOf(json: Json): Generator<string> {
  if (typeof json === 'string') yield json;
  if (json === null || typeof json !== 'object') return;
  for (const [name, member] of Object.entries(json)) {
    yield name;
    yield* textsOf(member);
  }
}
