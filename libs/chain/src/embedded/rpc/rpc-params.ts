import { asHash, type Hash } from '@tallystick/kernel';
import { fromHex0x } from '../hex.js';
import { INVALID_PARAMS, RpcError } from './rpc-error.js';

/** Positional parameters of a call, read with checks: whatever does not fit is INVALID_PARAMS. */
export class RpcParams {
  readonly #values: readonly unknown[];

  constructor(values: unknown) {
    if (values !== undefined && !Array.isArray(values)) {
      throw new RpcError(INVALID_PARAMS, 'parameters must be a list');
    }
    const list: readonly unknown[] = values ?? [];
    this.#values = list;
  }

  /** The parameter, undefined when it is missing or null. */
  optional(at: number): unknown {
    return this.#values[at] ?? undefined;
  }

  text(at: number): string {
    const value = this.optional(at);
    if (typeof value !== 'string') throw invalid(at, 'a text');
    return value;
  }

  bytes(at: number): Uint8Array {
    return bytesOf(this.optional(at), at);
  }

  optionalBytes(at: number): Uint8Array | undefined {
    return this.optional(at) === undefined ? undefined : this.bytes(at);
  }

  optionalHash(at: number): Hash | undefined {
    const bytes = this.optionalBytes(at);
    if (bytes === undefined) return undefined;
    if (bytes.length !== 32) throw invalid(at, 'a 32-byte hash');
    return asHash(Buffer.from(bytes).toString('hex'));
  }

  /** An integer ≥ 0, as number or 0x-hex. */
  integer(at: number): number {
    return integerOf(this.optional(at), at);
  }

  /** A list of byte strings, at most `most`. */
  bytesList(at: number, most: number): Uint8Array[] {
    const value = this.optional(at);
    if (!Array.isArray(value) || value.length > most) {
      throw invalid(at, `a list of at most ${most} keys`);
    }
    const items: readonly unknown[] = value;
    return items.map((item) => bytesOf(item, at));
  }
}

/** A number as JSON-RPC of Substrate takes it: 12 or "0xc". */
export function integerOf(value: unknown, at: number): number {
  const number =
    typeof value === 'string' && /^0x[0-9a-f]{1,13}$/i.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0) {
    throw invalid(at, 'an integer');
  }
  return number;
}

function bytesOf(value: unknown, at: number): Uint8Array {
  if (typeof value !== 'string') throw invalid(at, '0x-prefixed hex');
  try {
    return fromHex0x(value);
  } catch {
    throw invalid(at, '0x-prefixed hex');
  }
}

function invalid(at: number, want: string): RpcError {
  return new RpcError(INVALID_PARAMS, `parameter ${at + 1} must be ${want}`);
}
