/** Head of a WebSocket frame (RFC 6455 §5.2). */
export interface FrameHead {
  /** Bytes of the head itself. */
  readonly headBytes: number;
  /** Bytes of the payload. */
  readonly size: number;
  readonly opcode: number;
  readonly isFinal: boolean;
  /** Any of the three bits that an extension would use. */
  readonly isExtended: boolean;
  /** Four bytes, a view; undefined when it is not masked. */
  readonly mask: Uint8Array | undefined;
}

/** Reads the head that begins at `at`; undefined when it does not end within `bytes`. Judges nothing. */
export function readFrameHead(bytes: Uint8Array, at: number): FrameHead | undefined {
  if (bytes.length - at < 2) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
  const [first, second] = [view.getUint8(0), view.getUint8(1)];
  const isMasked = second >= 0x80;
  const code = second & 0x7f;
  const lengthBytes = code === 127 ? 8 : code === 126 ? 2 : 0;
  const maskAt = 2 + lengthBytes;
  const headBytes = maskAt + (isMasked ? 4 : 0);
  if (view.byteLength < headBytes) return undefined;
  return {
    headBytes,
    size: lengthBytes === 0 ? code : lengthBytes === 2 ? view.getUint16(2) : longSize(view),
    opcode: first & 0x0f,
    isFinal: first >= 0x80,
    isExtended: (first & 0x70) !== 0,
    mask: isMasked ? bytes.subarray(at + maskAt, at + headBytes) : undefined,
  };
}

function longSize(view: DataView): number {
  return view.getUint32(2) * 2 ** 32 + view.getUint32(6);
}
