import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Digest, digestOf, utf8 } from '../../src/base/index.ts';
import { mediaTypes } from '../../src/oci/index.ts';
import { RegistryClient } from './registry-client.ts';
import type { RegistryProcess } from './registry-process.ts';
import type { WireAnswer, WireOptions } from './wire-request.ts';

/** An image that was acknowledged and that nobody has tried to delete. */
interface Live {
  readonly repository: string;
  readonly tag: string;
  readonly manifest: Uint8Array;
  readonly blobs: readonly Uint8Array[];
}

const repositories = ['acme/app', 'acme/base', 'acme/app/sub'];

/** People who push, move tags, delete and pull in one registry, whatever happens to it. */
export class ChaosPushers {
  readonly live = new Map<string, Live>();
  readonly done = { pushed: 0, moved: 0, deleted: 0, pulled: 0, repeated: 0 };
  readonly #registry: RegistryProcess;
  /** Layers that several images have, so that what one sets free another needs. */
  readonly #shared = Array.from({ length: 12 }, () => randomBytes(randomInt(1, 60_000)));
  #names = 0;

  constructor(registry: RegistryProcess) {
    this.#registry = registry;
  }

  /** One person at work until the signal. */
  async work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const chance = randomInt(100);
      if (chance < 50) await this.#push(`v${this.#names++}`, signal);
      else if (chance < 65) await this.#push('moving', signal);
      else if (chance < 80) await this.#delete();
      else await this.#pull();
    }
  }

  /** Every live image comes back bit by bit. */
  async requireAll(): Promise<void> {
    for (const image of this.live.values()) await this.#require(image);
  }

  async #push(tag: string, signal: AbortSignal): Promise<void> {
    const repository = pick(repositories);
    const layers = Array.from({ length: randomInt(1, 4) }, () =>
      randomInt(3) === 0 ? randomBytes(randomInt(1, 60_000)) : pick(this.#shared),
    );
    const config = utf8(JSON.stringify({ made: randomBytes(8).toString('hex') }));
    const blobs = [config, ...layers];
    const manifest = manifestOf(config, layers);
    while (!signal.aborted) {
      if (!(await this.#pushOnce(repository, tag, manifest, blobs))) {
        this.done.repeated += 1;
        continue;
      }
      this.done[tag === 'moving' ? 'moved' : 'pushed'] += 1;
      if (tag !== 'moving') this.live.set(tag, { repository, tag, manifest, blobs });
      return;
    }
  }

  /** @returns whether it was acknowledged; what lies there then may be anything */
  async #pushOnce(
    repository: string,
    tag: string,
    manifest: Uint8Array,
    blobs: readonly Uint8Array[],
  ): Promise<boolean> {
    for (const bytes of blobs) {
      const digest = digestOf(bytes);
      const known = await this.#send(repository, 'HEAD', `blobs/${digest}`);
      if (known?.status === 200) continue;
      if (!(await this.#pushBlob(repository, digest, bytes))) return false;
    }
    const headers = { 'content-type': mediaTypes.ociManifest };
    const answer = await this.#send(repository, 'PUT', `manifests/${tag}`, {
      ...{ body: manifest, headers },
    });
    return isDone(answer, 201);
  }

  /** In one request, or in two with some time for a kill in between. */
  async #pushBlob(repository: string, digest: Digest, bytes: Uint8Array): Promise<boolean> {
    if (randomInt(2) === 0) {
      const path = `blobs/uploads/?digest=${digest}`;
      return isDone(await this.#send(repository, 'POST', path, { body: bytes }), 201);
    }
    const begun = await this.#send(repository, 'POST', 'blobs/uploads/');
    const path = begun?.headers.location;
    if (!isDone(begun, 202) || path === undefined) return false;
    const part = bytes.subarray(0, bytes.length >> 1);
    if (!isDone(await this.#send(repository, 'PATCH', path, { body: part }), 202)) return false;
    const rest = bytes.subarray(part.length);
    return isDone(
      await this.#send(repository, 'PUT', `${path}?digest=${digest}`, { body: rest }),
      201,
    );
  }

  async #delete(): Promise<void> {
    const image = this.#any();
    if (!image) return;
    // From the first attempt on nothing is known about it.
    this.live.delete(image.tag);
    const reference = randomInt(2) === 0 ? image.tag : digestOf(image.manifest);
    const answer = await this.#send(image.repository, 'DELETE', `manifests/${reference}`);
    if (isDone(answer, 202)) this.done.deleted += 1;
  }

  async #pull(): Promise<void> {
    const image = this.#any();
    if (!image) return void (await sleep(5));
    await this.#require(image, () => this.live.has(image.tag));
    this.done.pulled += 1;
  }

  /** Another may delete it meanwhile. */
  async #require(image: Live, isLive = () => true): Promise<void> {
    const { repository, tag, manifest, blobs } = image;
    const parts: [path: string, bytes: Uint8Array][] = [
      [`manifests/${tag}`, manifest],
      ...blobs.map((bytes): [string, Uint8Array] => [`blobs/${digestOf(bytes)}`, bytes]),
    ];
    for (const [path, bytes] of parts) {
      const answer = await this.#send(repository, 'GET', path);
      if (!answer || !isLive()) return;
      assert.equal(answer.status, 200, `${repository} ${path} was acknowledged: ${answer.body}`);
      assert.equal(Buffer.compare(answer.body, bytes), 0, `${repository} ${path} has other bytes`);
    }
  }

  /** Undefined when the registry went down before it had answered. */
  async #send(
    repository: string,
    method: string,
    path: string,
    options: WireOptions = {},
  ): Promise<WireAnswer | undefined> {
    const client = new RegistryClient(await this.#registry.origin, repository);
    return client.send(method, path, options).catch(() => undefined);
  }

  #any(): Live | undefined {
    const all = [...this.live.values()];
    return all.length === 0 ? undefined : pick(all);
  }
}

/** Anything but success or a refusal that a client repeats is a fault of the registry. */
function isDone(answer: WireAnswer | undefined, status: number): boolean {
  if (answer === undefined) return false;
  if (answer.status === status) return true;
  assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status} ${answer.body}`);
  return false;
}

function manifestOf(config: Uint8Array, layers: readonly Uint8Array[]): Uint8Array {
  const described = (mediaType: string) => (bytes: Uint8Array) => ({
    ...{ mediaType, digest: digestOf(bytes), size: bytes.length },
  });
  return utf8(
    JSON.stringify({
      ...{ schemaVersion: 2, mediaType: mediaTypes.ociManifest },
      config: described(mediaTypes.ociConfig)(config),
      layers: layers.map(described(mediaTypes.ociLayer)),
    }),
  );
}

function pick<T>(all: readonly T[]): T {
  return all[randomInt(all.length)] as T;
}
