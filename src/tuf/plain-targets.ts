/*
 * The list of targets is nearly all of a large file, and clients write each target in one way: a name
 * without escapes, sha256 or sha256 and sha512, a length, in the order of the names. A list of
 * nothing else need not be parsed to know what it says: it is what Go would write, and all that a
 * list must be. It is looked over here and cut out, and the little that is left of the file is read
 * and judged as every other file is. Any list that is not so plain is left where it is.
 */

/** A file without its targets, and they. */
export interface Cut {
  /** The file with an empty list. */
  readonly rest: Uint8Array;
  /** What stood between the braces of the list; ASCII. */
  readonly targets: Uint8Array;
}

/** No member before the targets' own can have this name and an empty object, see {@link cutTargets}. */
const start = Buffer.from(',"targets":{');
/** A target and what ends it. The last characters of the hashes have no bits to spare. */
const plain =
  /"([ !#-%'-;=?-[\]-~]*)":\{"hashes":\{"sha256":"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="(?:,"sha512":"[A-Za-z0-9+/]{85}[AQgw]==")?\},"length":(?:0|[1-9][0-9]{0,14})\}([,}])/y;
/** With as many plain targets as a file can have, it still has fewer values than JSON may have. */
const mostRestBytes = 64 * 1024;

/**
 * Cuts the targets out of a file, if they are all plain.
 *
 * What is left tells whether it was the right list. Where it is read without an error, as a fixpoint of
 * a targets role, the cut is at `signed.targets`: within a text the quotes would be escaped; of what
 * Go writes before that list only the keys of delegations have names of their own; and an empty object
 * is no key.
 *
 * @returns undefined when they are not plain, or the file is another; it is then to be read whole
 */
export function cutTargets(bytes: Uint8Array): Cut | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const from = file.indexOf(start) + start.length;
  if (from < start.length) return undefined;
  const to = endOfPlain(file.toString('latin1'), from);
  if (to === undefined || file.length - (to - from) > mostRestBytes) return undefined;
  const rest = Buffer.concat([file.subarray(0, from), file.subarray(to)]);
  return { rest, targets: file.subarray(from, to) };
}

/** Where the brace is that closes a list of plain targets, each name above the one before. */
function endOfPlain(text: string, from: number): number | undefined {
  plain.lastIndex = from;
  for (let last: string | undefined; ; ) {
    const [, name, end] = plain.exec(text) ?? [];
    if (name === undefined || (last !== undefined && name <= last)) return undefined;
    if (end === '}') return plain.lastIndex - 1;
    last = name;
  }
}
