/** Says whether a name is meant. Only {@link parseNamePattern} makes one. */
export type NamePattern = (name: string) => boolean;

const form = /^[a-z0-9A-Z._/*-]{1,255}$/;

/**
 * A pattern of repositories or tags, as operators write them: `*` stands for any characters but a
 * slash, `**` for any characters; everything else is itself.
 *
 * @returns undefined when the text has characters that no name has, or more than two stars in a row
 */
export function parseNamePattern(text: string): NamePattern | undefined {
  if (!form.test(text) || text.includes('***')) return undefined;
  // Matched piece by piece, without a regular expression, so that no pattern is slow.
  const pieces = text.split(/(\*{1,2})/);
  return (name) => matches(pieces, name);
}

/** @param pieces  literal, star, literal, star, ..., literal; literals may be empty */
function matches(pieces: readonly string[], name: string): boolean {
  // Places in the name that the pieces so far can reach; at most one for each character.
  let reached = new Set([0]);
  pieces.forEach((piece, at) => {
    const next = new Set<number>();
    for (const place of reached) {
      if (at % 2 === 1) {
        for (const end of endsOfStar(piece, name, place)) next.add(end);
      } else if (name.startsWith(piece, place)) {
        next.add(place + piece.length);
      }
    }
    reached = next;
  });
  return reached.has(name.length);
}

function* endsOfStar(star: string, name: string, from: number): Generator<number> {
  for (let end = from; end <= name.length; end++) {
    yield end;
    if (star === '*' && name[end] === '/') return;
  }
}
