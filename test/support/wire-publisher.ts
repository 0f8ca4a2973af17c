import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { ServerRole, StoredFile } from '../../src/trust/index.ts';
import {
  type DelegationName,
  type Gun,
  parseDelegationName,
  parseGun,
  parsePublicKey,
  type RoleName,
  withDelegation,
} from '../../src/tuf/index.ts';
import { newSigner, type PublishedTo, partsOf, SimulatedPublisher } from './simulated-publisher.ts';
import { edits } from './trust-world.ts';
import { type WireAnswer, type WireOptions, wireRequest } from './wire-request.ts';

export const kate: DelegationName = parseDelegationName('targets/kate');

/** A trust server somewhere else, as far as a publisher asks it. */
export class WireTrust implements PublishedTo {
  readonly origin: string;
  readonly #options: WireOptions;

  /**
   * @param origin   `https://127.0.0.1:PORT`, or http
   * @param options  of every request: a token in the headers, an agent
   */
  constructor(origin: string, options: Pick<WireOptions, 'headers' | 'agent'> = {}) {
    this.origin = origin;
    this.#options = options;
  }

  async publicKey(gun: Gun, role: ServerRole) {
    const { body } = await wireRequest(`${this.#base(gun)}${role}.key`, this.#options);
    return parsePublicKey(JSON.parse(body.toString()));
  }

  async current(gun: Gun, role: RoleName): Promise<StoredFile | undefined> {
    const { status, body } = await wireRequest(`${this.#base(gun)}${role}.json`, this.#options);
    if (status !== 200) return undefined;
    const { version } = JSON.parse(body.toString()).signed;
    const sha256 = createHash('sha256').update(body).digest('hex');
    return { role, version, sha256, bytes: body, storedAt: new Date(0) };
  }

  upload(gun: string, parts: Iterable<readonly [string, Uint8Array]>): Promise<WireAnswer> {
    const { type, body } = formOf(parts);
    const headers = { ...this.#options.headers, 'content-type': type };
    return wireRequest(this.#base(gun), { ...this.#options, method: 'POST', headers, body });
  }

  #base(gun: string): string {
    return `${this.origin}/v2/${encodeURI(gun)}/_trust/tuf/`;
  }
}

/** A publisher whose repository is on that server: root 1, targets 2 and `targets/kate` 1. */
export async function publishedOn(
  trust: WireTrust,
  name: string,
  now: Date,
  who: { holdsSnapshot?: boolean } = {},
): Promise<SimulatedPublisher> {
  const publisher = new SimulatedPublisher(trust, parseGun(name), now, who);
  const accepted = async (files: Map<RoleName, { bytes: Uint8Array }>) => {
    const answer = await trust.upload(name, partsOf(files as never));
    assert.equal(answer.status, 200, answer.body.toString());
  };
  await accepted(await publisher.initialise(now));
  const signer = newSigner();
  publisher.signers.set(kate, [signer]);
  const update = edits([
    ['targets', (targets) => withDelegation(targets, { name: kate, keys: [signer.key] })],
    [kate, (targets) => targets],
  ]);
  await accepted(await publisher.update({ targets: update }, now));
  return publisher;
}

/** A form as Go's mime/multipart writes it. */
export function formOf(parts: Iterable<readonly [string, Uint8Array]>, boundary = 'b0undary') {
  const pieces = [...parts].flatMap(([role, bytes]) => [
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="files"; filename="${role}"\r\n` +
        'Content-Type: application/octet-stream\r\n\r\n',
    ),
    bytes,
    Buffer.from('\r\n'),
  ]);
  const body = Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
  return { type: `multipart/form-data; boundary=${boundary}`, body };
}
