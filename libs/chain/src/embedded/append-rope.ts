import { concatBytes } from '@tallystick/kernel';
import { compact, ScaleReader } from './scale.js';

/**
 * A SCALE `Vec<T>` under construction. The runtime appends every event to one value; copying it each time would cost
 * O(n²) bytes per block. Immutable: an append is a new head of a linked list, so a rolled back transaction simply drops
 * its heads.
 */
export class AppendRope {
  static readonly empty: AppendRope = new AppendRope(0, new Uint8Array(), undefined);
  readonly #count: number;
  readonly #last: Uint8Array;
  readonly #before: AppendRope | undefined;
  #bytes: Uint8Array | undefined = undefined;

  private constructor(count: number, last: Uint8Array, before: AppendRope | undefined) {
    this.#count = count;
    this.#last = last;
    this.#before = before;
  }

  /** The rope of a stored value. As in sp-externalities, a value that is no vector is replaced by an empty one. */
  static of(value: Uint8Array | undefined): AppendRope {
    if (value === undefined || value.length === 0) return AppendRope.empty;
    const input = new ScaleReader(value);
    try {
      const count = input.compact();
      return new AppendRope(count, value.subarray(input.offset), undefined);
    } catch {
      return AppendRope.empty;
    }
  }

  /** @param item one encoded `T`; kept, not copied. */
  append(item: Uint8Array): AppendRope {
    return new AppendRope(this.#count + 1, item, this);
  }

  /** The encoded vector; assembled once. */
  get bytes(): Uint8Array {
    return (this.#bytes ??= this.#assemble());
  }

  #assemble(): Uint8Array {
    const parts = [this.#last];
    for (let rope = this.#before; rope !== undefined; rope = rope.#before) parts.push(rope.#last);
    return concatBytes(compact(this.#count), ...parts.reverse());
  }
}
