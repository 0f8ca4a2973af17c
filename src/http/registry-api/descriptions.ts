import { type Digest, utf8 } from '../../base/index.ts';
import { mediaTypes, parseManifest, referrerDescriptor } from '../../oci/index.ts';
import type { StoredManifest } from '../../registry/index.ts';

/** Of all texts that are kept. A description has some 250 characters, or as many as its annotations. */
const keptCharacters = 4_000_000;

/**
 * How lists of referrers name manifests, as JSON. What is said of a manifest follows from its bytes,
 * so from its digest: a text that was made once is right for ever, whatever is written to the store.
 */
export class Descriptions {
  readonly #texts = new Map<string, string>();
  #characters = 0;

  known(digest: Digest, mediaType: string): string | undefined {
    return this.#texts.get(`${mediaType} ${digest}`);
  }

  of({ digest, mediaType, bytes }: StoredManifest): string {
    const known = this.known(digest, mediaType);
    if (known !== undefined) return known;
    const text = JSON.stringify({
      ...referrerDescriptor(parseManifest(bytes, mediaType)),
      // The one it is known by here: with another algorithm the bytes have another.
      digest,
    });
    if (this.#characters + text.length > keptCharacters) {
      this.#texts.clear();
      this.#characters = 0;
    }
    this.#texts.set(`${mediaType} ${digest}`, text);
    this.#characters += text.length;
    return text;
  }
}

/**
 * The body of a list of referrers. As bytes: of a text Fastify says the charset, and the media type
 * must stand alone.
 */
export function referrersBody(descriptions: readonly string[]): Uint8Array {
  return utf8(
    `{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[${descriptions.join(',')}]}`,
  );
}
