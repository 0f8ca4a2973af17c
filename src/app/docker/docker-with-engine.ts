import type { BegunPull, Engine, LocalImage } from '../../adapters/engine/index.ts';
import type { CredentialSource } from '../../adapters/remotes/index.ts';
import { isStoreError } from '../../base/index.ts';
import { globalFlags } from '../../cli/docker/global-flags.ts';
import { parseFlags } from '../../cli/docker-trust/parse-flags.ts';
import type { CliWorld } from '../../cli/index.ts';
import { appError } from '../errors.ts';
import { DockerProgram, outputOf, type PullOptions } from './docker-program.ts';

export interface DockerWithEngineOptions {
  /** docker's configuration folder. */
  readonly folder: string;
  readonly env: CliWorld['env'];
  /** docker's global flags, as they were typed. */
  readonly globals?: readonly string[] | undefined;
  readonly credentials: CredentialSource;
}

/** How long an engine may take to say what it has, before the tag is verified without waiting for it. */
const foresightMs = 200;
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
/** What an engine on this machine pulls unless told, in the words of {@link LocalImage}. */
const ownPlatform = `linux/${architectures[process.arch]}`;

/**
 * The docker that is installed. What it would only ask its engine for is asked there, which saves starting it;
 * where that is not simple, or fails, docker is started after all and what it says counts. Both ways the
 * engine is told the same names, so neither gets an image that the other would not.
 */
export class DockerWithEngine extends DockerProgram implements Disposable {
  readonly #options: DockerWithEngineOptions;
  #engine: Promise<Engine | undefined> | undefined;
  #foreseen: ForeseenPull | undefined;
  /** The foreseen pull that was the last one. */
  #again: ForeseenPull | undefined;

  constructor(options: DockerWithEngineOptions) {
    super(options.folder, options.env, options.globals);
    this.#options = options;
  }

  /**
   * Has the engine pull again what it has by this digest, which asks the registry and brings nothing; so not an
   * image for another platform, beside which the engine would get its own. What fails, fails again when it counts.
   */
  override async foresee(name: string): Promise<void> {
    const begun = this.#beginPull(name).catch(ignoreRefusal);
    await Promise.race([begun, new Promise((late) => setTimeout(late, foresightMs).unref())]);
  }

  async #beginPull(name: string): Promise<void> {
    this.#engine ??= this.#find();
    const engine = await this.#engine;
    const image = await engine?.imageUnder(name);
    if (!engine || image?.platform !== ownPlatform) return;
    const pull = engine.pull(name);
    pull.catch(() => {});
    this.#foreseen = { name, image, pull };
  }

  override async hasImage(name: string): Promise<boolean> {
    const found = await this.#directly((engine) => engine.hasImage(name));
    return found ?? (await super.hasImage(name));
  }

  override async requireLocalImage(name: string): Promise<void> {
    const found = await this.#directly((engine) => engine.hasImage(name));
    if (!found) await super.requireLocalImage(name);
  }

  /** A tag that the image had before it was pulled again, it still has. */
  override async tag(name: string, target: string): Promise<void> {
    if (this.#again?.name === name && this.#again.image.tags.has(target)) return;
    const done = await this.#directly((engine) => engine.tag(name, target));
    if (!done) await super.tag(name, target);
  }

  /** At a terminal docker itself draws how far a pull is, when there is anything to be pulled. */
  override async pull(name: string, options: PullOptions): Promise<void> {
    const { platform, to } = options;
    const output = outputOf(to);
    const isDrawn = output?.isTTY === true;
    const done = await this.#directly(async (engine) => {
      const foreseen = platform === undefined ? this.#takeForeseen(name) : undefined;
      if (!foreseen && isDrawn && !(await engine.hasImage(name))) return false;
      const { lines } = await (foreseen?.pull ?? engine.pull(name, platform));
      await show(lines, (line) => output?.write(line));
      this.#again = foreseen;
      return true;
    });
    if (!done) await super.pull(name, options);
  }

  [Symbol.dispose](): void {
    void this.#engine?.then((engine) => engine?.[Symbol.dispose]());
  }

  /** @returns what {@link foresee} began, when it is this pull, once; another one is broken off */
  #takeForeseen(name: string): ForeseenPull | undefined {
    const foreseen = this.#foreseen;
    this.#foreseen = undefined;
    if (foreseen?.name === name) return foreseen;
    foreseen?.pull.then((other) => other.discard()).catch(() => {});
    return undefined;
  }

  /** @returns undefined where the engine was not asked, or did not do it */
  async #directly<T>(work: (engine: Engine) => Promise<T>): Promise<T | undefined> {
    this.#engine ??= this.#find();
    const engine = await this.#engine;
    if (!engine) return undefined;
    try {
      return await work(engine);
    } catch (error) {
      if (!isStoreError(error) || error.code === 'DOCKER_FAILED') throw error;
      engine[Symbol.dispose]();
      this.#engine = Promise.resolve(undefined);
      return undefined;
    }
  }

  /** Only docker itself is told more than one host, or how to speak TLS. */
  async #find(): Promise<Engine | undefined> {
    const { folder, env, globals = [], credentials } = this.#options;
    const parsed = parseFlags(globals, globalFlags);
    if (parsed.kind !== 'parsed') return undefined;
    const { flags } = parsed;
    const [host, ...others] = flags.list('host');
    const tls = ['tls', 'tlscacert', 'tlscert', 'tlskey', 'tlsverify'];
    if (others.length > 0 || tls.some((name) => flags.text(name) !== undefined)) return undefined;
    const { Engine, findEngine } = await import('../../adapters/engine/index.ts');
    const address = findEngine({ folder, env, host, context: flags.text('context') });
    return address && new Engine(address, credentials);
  }
}

/** A pull that was begun before it was asked for. */
interface ForeseenPull {
  readonly name: string;
  /** As the engine had it before. */
  readonly image: LocalImage;
  readonly pull: Promise<BegunPull>;
}

/** @throws every other error */
function ignoreRefusal(error: unknown): void {
  if (!isStoreError(error)) throw error;
}

/** @throws StoreError DOCKER_FAILED once a line is shown, which docker would show again */
async function show(lines: AsyncIterable<string>, write: (line: string) => void): Promise<void> {
  let begun = false;
  try {
    for await (const line of lines) {
      begun = true;
      write(line);
    }
  } catch (error) {
    if (!begun || !isStoreError(error)) throw error;
    throw appError('DOCKER_FAILED', { reason: error.message }, error);
  }
}
