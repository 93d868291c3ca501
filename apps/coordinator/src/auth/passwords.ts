import { hash, verify } from '@node-rs/argon2';
import { SerialQueue } from '@tallystick/kernel';

/** Argon2id with OWASP's least cost: 19 MiB, two passes; 17 ms on one core. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** Passwords waiting to be hashed; one at a time, so that sign-ins take 19 MiB and no more. */
const MAX_WAITING = 64;

/** Hashes and checks passwords. An unknown name takes as long as a wrong password. */
export class Passwords {
  readonly #queue = new SerialQueue('sign-ins', MAX_WAITING, 'NET_BUSY');
  readonly #nobody = hash('', COST);

  hash(password: string): Promise<string> {
    return this.#queue.run(() => hash(password, COST));
  }

  /** @param stored null for a user that does not exist or has no password: the answer is no, after the same work. */
  matches(stored: string | null, password: string): Promise<boolean> {
    return this.#queue.run(async () => {
      const isRight = await verify(stored ?? (await this.#nobody), password);
      return isRight && stored !== null;
    });
  }
}
