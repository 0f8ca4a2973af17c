import assert from 'node:assert/strict';
import { digestOf, utf8 } from '../../src/base/index.ts';
import { mediaTypes } from '../../src/oci/index.ts';
import { type WireAnswer, type WireOptions, wireRequest } from './wire-request.ts';

/** A client of one repository that sends what it is told and expects nothing. */
export class RegistryClient {
  readonly #origin: string;
  readonly #base: string;

  constructor(origin: string, repository = 'acme/app') {
    this.#origin = origin;
    this.#base = `/v2/${repository}`;
  }

  /** @param path  below the repository, or from the root when it starts with `/v2/` */
  send(method: string, path: string, options: WireOptions = {}): Promise<WireAnswer> {
    const url = path.startsWith('/v2/') ? path : `${this.#base}/${path}`;
    return wireRequest(`${this.#origin}${url}`, { ...options, method });
  }

  /** Starts an upload. @returns its path */
  async begin(options: WireOptions = {}): Promise<string> {
    const begun = await this.send('POST', 'blobs/uploads/', options);
    assert.equal(begun.status, 202);
    return begun.headers.location ?? '';
  }

  /** @returns its descriptor */
  async pushBlob(bytes: Uint8Array, mediaType: string = mediaTypes.ociLayer) {
    const digest = digestOf(bytes);
    const pushed = await this.send('POST', `blobs/uploads/?digest=${digest}`, { body: bytes });
    assert.equal(pushed.status, 201, pushed.body.toString());
    return { mediaType, digest, size: bytes.length };
  }

  /** Pushes an image of one layer. @returns its manifest */
  async pushImage(reference: string, note = ''): Promise<Uint8Array> {
    const bytes = utf8(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        config: await this.pushBlob(utf8('{}'), mediaTypes.ociConfig),
        layers: [await this.pushBlob(utf8('layer'))],
        annotations: { note },
      }),
    );
    const pushed = await this.putManifest(reference, bytes);
    assert.equal(pushed.status, 201, pushed.body.toString());
    return bytes;
  }

  putManifest(
    reference: string,
    bytes: Uint8Array | string,
    type: string = mediaTypes.ociManifest,
  ) {
    const headers = { 'content-type': type };
    return this.send('PUT', `manifests/${reference}`, { body: bytes, headers });
  }
}

/** Asserts an OCI error body: the status, the specification's code and, if given, our own. */
export function assertError(answer: WireAnswer, status: number, code: string, ours?: string): void {
  const text = answer.body.toString();
  assert.equal(answer.status, status, text);
  assert.match(answer.headers['content-type'] ?? '', /^application\/json\b/);
  assert.equal(answer.headers['docker-distribution-api-version'], 'registry/2.0');
  const { errors } = JSON.parse(text) as {
    errors: { code: string; message: string; detail?: { reason?: string } }[];
  };
  assert.equal(errors.length, 1);
  assert.equal(errors[0]?.code, code, text);
  assert.ok(errors[0]?.message);
  if (ours !== undefined) assert.equal(errors[0]?.detail?.reason, ours, text);
}
