import type { Server } from 'node:https';
import type { Clock, Logger, Timer } from '@tallystick/kernel';
import { type KeyPair, type KeyPairSource, leafOf, pinOf } from './key-pair.js';

/** The source is asked this often whether it has another pair. */
const LOOK_MS = 10_000;
/** Time that a newcomer has for the handshake. */
const HANDSHAKE_MS = 10_000;

/** Of `https.createServer` and `setSecureContext`. */
interface ServedOptions {
  readonly cert: string;
  readonly key: string;
  readonly minVersion: 'TLSv1.2';
  readonly handshakeTimeout: number;
}

/** The certificate that this process shows, and its successors: a new one is taken up without a restart. */
export class ServedCertificate {
  readonly #source: KeyPairSource;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #pair: KeyPair;
  #pin: string | undefined;
  #timer: Timer | undefined;

  private constructor(
    source: KeyPairSource,
    pair: KeyPair,
    { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  ) {
    this.#source = source;
    this.#clock = clock;
    this.#logger = logger;
    this.#pair = pair;
    this.#pin = pinOf(leafOf(pair));
  }

  /** Rejects with CONFIG_TLS when the first pair cannot be used. */
  static async open(
    source: KeyPairSource,
    deps: { readonly clock: Clock; readonly logger: Logger },
  ): Promise<ServedCertificate> {
    return new ServedCertificate(source, await source(), deps);
  }

  /** What sites have to pin; undefined when an authority vouches for the certificate. */
  get pin(): string | undefined {
    return this.#pin;
  }

  /** As it is now. */
  get options(): ServedOptions {
    return {
      cert: this.#pair.certificate,
      key: this.#pair.key,
      minVersion: 'TLSv1.2',
      handshakeTimeout: HANDSHAKE_MS,
    };
  }

  /** Looks after the certificate of `server` from now on. */
  keep(server: Pick<Server, 'setSecureContext'>): void {
    this.#timer = this.#clock.after(LOOK_MS, () => {
      void this.#look(server).finally(() => {
        if (this.#timer !== undefined) this.keep(server);
      });
    });
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Half-written files, or a key without its certificate, are left for the next look. */
  async #look(server: Pick<Server, 'setSecureContext'>): Promise<void> {
    try {
      const pair = await this.#source();
      if (pair.certificate === this.#pair.certificate && pair.key === this.#pair.key) return;
      const leaf = leafOf(pair);
      this.#pair = pair;
      this.#pin = pinOf(leaf);
      server.setSecureContext(this.options);
      this.#logger.info('tls.reloaded', { until: leaf.validTo });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#logger.warn('tls.not_reloaded', { reason });
    }
  }
}
