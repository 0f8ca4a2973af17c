/** Which repositories are asked for: these, or all there are; and only those that begin so. */
export interface Wanted {
  readonly guns: readonly string[];
  readonly prefix: string;
}

/** Whoever is named is looked for, so that a name the source does not have is told. */
export async function* wantedOf(
  { guns, prefix }: Wanted,
  all: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<string> {
  for await (const gun of guns.length > 0 ? new Set(guns) : all) {
    if (gun.startsWith(prefix)) yield gun;
  }
}
