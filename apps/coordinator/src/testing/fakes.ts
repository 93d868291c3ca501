import { type CoordinatorHead, decodeCoordinatorFrame } from '@tallystick/protocol';
import type { Wire } from '../fleet/wire.js';

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
