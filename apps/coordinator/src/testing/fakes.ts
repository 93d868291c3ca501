import { createHash, type Hash as NodeHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { asHash, type Hash } from '@tallystick/kernel';
import { type CoordinatorHead, decodeCoordinatorFrame } from '@tallystick/protocol';
import type { RunningHash, RunningHashes } from '../fleet/running-hash.js';
import type { Wire } from '../fleet/wire.js';

/** Running hashes on the calling thread. */
export class InlineHashes implements RunningHashes {
  open = 0;

  hashStream(prefix?: { path: string; bytes: number }): Promise<RunningHash> {
    this.open++;
    const hash = createHash('sha256');
    if (prefix !== undefined) hash.update(readFileSync(prefix.path).subarray(0, prefix.bytes));
    return Promise.resolve(this.#stream(hash));
  }

  #stream(hash: NodeHash): RunningHash {
    let isOpen = true;
    const end = (): void => {
      if (isOpen) this.open--;
      isOpen = false;
    };
    return {
      update: (bytes) => Promise.resolve(void hash.update(bytes)),
      digest: (): Promise<Hash> => {
        end();
        return Promise.resolve(asHash(hash.digest('hex')));
      },
      abort: () => Promise.resolve(end()),
    };
  }
}

/** Keeps what a session sends. */
export class FakeWire implements Wire {
  readonly heads: CoordinatorHead[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  isPaused = false;

  send(bytes: Uint8Array): void {
    const decoded = decodeCoordinatorFrame(bytes, 2 ** 22);
    if (!decoded.ok) throw decoded.error;
    this.heads.push(decoded.frame.head);
  }

  close(code: number, reason: string): void {
    this.closed ??= { code, reason };
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }
}
