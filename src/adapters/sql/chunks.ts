/** SQLite takes 32 766 parameters in a statement and is quickest with far fewer. */
const chunkSize = 500;

/** Pieces of a list, each short enough for one `in (...)` or one insert. */
export function* chunksOf<T>(values: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < values.length; at += chunkSize) yield values.slice(at, at + chunkSize);
}
