import { keccakP } from '@noble/hashes/sha3.js';
import { utf8 } from '@tallystick/kernel';

const RATE = 166;
const FLAG_I = 1;
const FLAG_A = 2;
const FLAG_C = 4;
const FLAG_M = 16;

/**
 * The part of STROBE-128/1600 (STROBE protocol framework 1.0.2 §§5–7) that Merlin transcripts use: AD, meta-AD and PRF.
 */
export class Strobe128 {
  readonly #state: Uint8Array = new Uint8Array(200);
  #position = 0;
  #begin = 0;

  constructor(protocol: Uint8Array) {
    this.#state.set([1, RATE + 2, 1, 0, 1, 96]);
    this.#state.set(utf8('STROBEv1.0.2'), 6);
    this.#permute();
    this.metaAd(protocol);
  }

  /** Meta-AD; `more` continues the operation before. */
  metaAd(data: Uint8Array, more = false): void {
    if (!more) this.#beginOperation(FLAG_M | FLAG_A);
    this.#absorb(data);
  }

  ad(data: Uint8Array): void {
    this.#beginOperation(FLAG_A);
    this.#absorb(data);
  }

  /** A fresh buffer of `length` pseudo-random bytes. */
  prf(length: number): Uint8Array {
    this.#beginOperation(FLAG_I | FLAG_A | FLAG_C);
    return Uint8Array.from({ length }, () => {
      const byte = this.#state[this.#position] ?? 0;
      this.#state[this.#position] = 0;
      this.#advance();
      return byte;
    });
  }

  #beginOperation(flags: number): void {
    const begin = this.#begin;
    this.#begin = this.#position + 1;
    this.#absorb(Uint8Array.of(begin, flags));
    if ((flags & FLAG_C) !== 0 && this.#position !== 0) this.#runF();
  }

  #absorb(data: Uint8Array): void {
    for (const byte of data) {
      this.#mix(this.#position, byte);
      this.#advance();
    }
  }

  #advance(): void {
    this.#position += 1;
    if (this.#position === RATE) this.#runF();
  }

  #runF(): void {
    this.#mix(this.#position, this.#begin);
    this.#mix(this.#position + 1, 0x04);
    this.#mix(RATE + 1, 0x80);
    this.#permute();
    this.#position = 0;
    this.#begin = 0;
  }

  #mix(at: number, byte: number): void {
    this.#state[at] = (this.#state[at] ?? 0) ^ byte;
  }

  /** Keccak-f[1600]; the state's words are little-endian, as is every platform Node runs on. */
  #permute(): void {
    keccakP(new Uint32Array(this.#state.buffer));
  }
}
