const decoder = new TextDecoder('utf-8');

/**
 * Paragraphs of `Name: value` lines with an empty line between them, as dpkg and apk keep their
 * lists. Only the first line of a value is read, and only of the fields asked for. The last of two
 * fields with one name counts.
 */
export function* readStanzas(
  bytes: Uint8Array,
  wanted: ReadonlySet<string>,
): Generator<Map<string, string>, undefined> {
  const text = decoder.decode(bytes);
  let fields = new Map<string, string>();
  let isEmpty = true;
  for (const line of linesOf(text)) {
    if (line.trim() === '') {
      if (!isEmpty) yield fields;
      fields = new Map();
      isEmpty = true;
      continue;
    }
    isEmpty = false;
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = line.slice(0, colon);
    if (wanted.has(name)) fields.set(name, line.slice(colon + 1).trim());
  }
  if (!isEmpty) yield fields;
}

function* linesOf(text: string): Generator<string, undefined> {
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    yield text.slice(start, end);
    start = end + 1;
  }
}
