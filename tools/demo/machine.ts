import { join } from 'node:path';
import { fixedPassphrase } from '../../src/adapters/passphrase/index.ts';
import { anonymous, type CredentialSource, Remotes } from '../../src/adapters/remotes/index.ts';
import { KeyFolder, MetadataFolder } from '../../src/adapters/trust-folder/index.ts';
import { Secret } from '../../src/base/index.ts';
import {
  gunOf,
  type ImageVerification,
  type Published,
  publish,
  type TrustChange,
  verifyImage,
} from '../../src/client/index.ts';
import {
  type ImageReference,
  mediaTypes,
  parseImageReference,
  parseTag,
} from '../../src/oci/index.ts';
import type { DemoImage } from './image.ts';
import type { Person } from './store.ts';

/**
 * Somebody at their own machine: a trust folder, perhaps a login, and our client library. What the
 * docker CLI would do with content trust on, without docker.
 */
export class Machine implements Disposable {
  readonly keys: KeyFolder;
  readonly #cache: MetadataFolder;
  readonly #remotes: Remotes;

  /** @param person  signed in as; undefined for an anonymous reader */
  constructor(folder: string, name: string, person?: Person) {
    const trust = join(folder, name, 'trust');
    this.keys = new KeyFolder(trust, fixedPassphrase('a passphrase for a demonstration'));
    this.#cache = new MetadataFolder(trust);
    this.#remotes = new Remotes({
      credentials: person ? loginOf(person) : anonymous,
      clock: () => new Date(),
    });
  }

  /** Pushes an image under a tag; signs nothing. */
  async push(name: string, image: DemoImage): Promise<void> {
    const { host, repository, tag = parseTag('latest') } = parseImageReference(name);
    const registry = this.#remotes.registry(host);
    for (const blob of [image.layer, image.config]) await registry.pushBlob(repository, blob);
    const manifest = { bytes: image.manifest, mediaType: mediaTypes.ociManifest };
    await registry.pushManifest(repository, tag, manifest);
  }

  /** Signs changes of a repository and publishes them. */
  sign(name: string, changes: readonly TrustChange[]): Promise<Published> {
    const gun = gunOf(parseImageReference(name));
    const { keys } = this;
    const remote = this.#remotes.trust(gun, { forWriting: true });
    const request = { gun, keys, remote, cache: this.#cache, changes, now: new Date() };
    return publish({ ...request, whenNew: 'initialise' });
  }

  /** Verifies an image to the last byte of every layer. */
  verify(name: string): Promise<ImageVerification> {
    const image = parseImageReference(name);
    const source = this.#remotes.trust(gunOf(image), { forWriting: false });
    const registry = this.#remotes.registry(image.host);
    const now = new Date();
    return verifyImage({ image, source, registry, cache: this.#cache, now, deep: true });
  }

  /** The manifest that a registry serves for a verified digest. */
  async pull({ host, repository }: ImageReference, verified: ImageVerification) {
    if (!verified.ok) return undefined;
    return this.#remotes.registry(host).manifest(repository, verified.digest);
  }

  [Symbol.dispose](): void {
    this.#remotes[Symbol.dispose]();
  }
}

function loginOf({ name, password }: Person): CredentialSource {
  return async () => ({ kind: 'password', username: name, password: new Secret(password) });
}
