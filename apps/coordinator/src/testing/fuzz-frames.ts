import { SeededEntropy } from '@tallystick/kernel/testing';
import { encodeFrame, LIMITS, type NodeHead } from '@tallystick/protocol';

/** What valid frames of the fuzzer are about. */
export interface FuzzAim {
  readonly run: number;
  readonly round: number;
}

/** Bytes and texts that a hostile node may send, from a seed: random, mutated, and valid at the wrong time. */
export class FuzzFrames {
  readonly #entropy: SeededEntropy;
  /** Random bytes are parts of these: making them is slow. */
  readonly #pool: Uint8Array;

  constructor(seed: number) {
    this.#entropy = new SeededEntropy(seed);
    this.#pool = this.#entropy.bytes(65_536);
  }

  /** Text, or bytes of at most a little more than a frame may have. */
  next(aim: FuzzAim): Uint8Array | string {
    const dice = this.#below(1_000);
    if (dice === 0) return new Uint8Array(LIMITS.chunkBytes + LIMITS.maxHeadBytes + 5);
    if (dice < 20) return 'text';
    if (dice < 200) return this.#bytes(this.#below(300));
    const frame = this.#valid(aim);
    if (dice < 400) return this.#flipped(frame);
    if (dice < 500) return frame.subarray(0, this.#below(frame.length));
    if (dice < 700) return this.#rewritten(frame);
    return frame;
  }

  #below(limit: number): number {
    const [a = 0, b = 0, c = 0] = this.#entropy.bytes(3);
    return (a + 256 * b + 65_536 * c) % limit;
  }

  #bytes(length: number): Uint8Array {
    const from = this.#below(this.#pool.length - length);
    return this.#pool.subarray(from, from + length);
  }

  #hex(bytes: number): string {
    return Buffer.from(this.#bytes(bytes)).toString('hex');
  }

  /** A frame that the schema lets through, mostly; none of its signatures is good. */
  #valid({ run, round }: FuzzAim): Uint8Array {
    const at = { run, round: round + (this.#below(8) === 0 ? 1 : 0) };
    const bytes = 1 + this.#below(5_000);
    const heads: readonly [object, Uint8Array?][] = [
      [{ kind: 'upload.begin', ...at, update: this.#hex(32), bytes }],
      [{ kind: 'upload.chunk', ...at, offset: this.#below(2) * bytes }, this.#bytes(bytes)],
      [{ kind: 'submit', ...at, receipt: this.#hex(317 + 64) }],
      [{ kind: 'decline', record: this.#hex(109 + 64), code: 'POLICY_PURPOSE', message: 'no' }],
      [{ kind: 'progress', ...at, stage: 'train', fraction: 0.5 }],
      [{ kind: 'evaluation', ...at, model: this.#hex(32), numExamples: 1, metrics: { a: 1 } }],
      [{ kind: 'error', code: 'NET_BUSY', message: 'x', hint: 'y' }],
      [{ kind: 'hello', record: this.#hex(172 + 64), software: 'fuzz' }],
      [{ kind: 'offer', task: this.#hex(100), headers: [] }],
    ];
    const [head, payload] = heads[this.#below(heads.length)] ?? [{}];
    return encodeFrame(head as NodeHead, payload); // not always one: that is the point
  }

  #flipped(frame: Uint8Array): Uint8Array {
    const mutant = Uint8Array.from(frame);
    for (let flips = 1 + this.#below(4); flips > 0; flips--) {
      const at = this.#below(mutant.length);
      mutant[at] = (mutant[at] ?? 0) ^ (1 << this.#below(8));
    }
    return mutant;
  }

  /** One value of the head becomes something else. */
  #rewritten(frame: Uint8Array): Uint8Array {
    const head = 4 + new DataView(frame.buffer, frame.byteOffset).getUint32(0, true);
    const text = Buffer.from(frame.subarray(4, head)).toString();
    const values = ['-1', '1e99', 'null', '[]', '{"a":[[[[]]]]}', '""', '"\\u0000"', '4294967296'];
    const value = values[this.#below(values.length)] ?? '0';
    const mutant = Buffer.from(text.replace(/:("[^"]*"|\d+)/, `:${value}`));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(mutant.length);
    return Buffer.concat([length, mutant, frame.subarray(head)]);
  }
}
