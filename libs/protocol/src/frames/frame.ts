import { concatBytes, TallyError, utf8 } from '@tallystick/kernel';
import type { z } from 'zod';
import { LIMITS } from '../limits.js';
import {
  CoordinatorHead,
  FRAME_KINDS,
  FrameHead,
  type FrameKind,
  NodeHead,
} from './frame-heads.js';

/** One WebSocket message: `u32 head length, little-endian | head, UTF-8 JSON | payload`. */
export interface Frame<Head extends { readonly kind: FrameKind } = FrameHead> {
  readonly head: Head;
  /** A view into the received buffer; empty for kinds without payload. */
  readonly payload: Uint8Array;
}

/** A frame, or why there is none: PROTO_TOO_LARGE, PROTO_MALFORMED, PROTO_UNKNOWN_KIND or PROTO_UNEXPECTED. */
export type Decoded<Head extends { readonly kind: FrameKind } = FrameHead> =
  | { readonly ok: true; readonly frame: Frame<Head> }
  | { readonly ok: false; readonly error: TallyError };

const LENGTH_BYTES = 4;
const NO_PAYLOAD = new Uint8Array(0);

/** The message in a fresh buffer; throws PROTO_TOO_LARGE when the head outgrows its limit. */
export function encodeFrame(head: FrameHead, payload: Uint8Array = NO_PAYLOAD): Uint8Array {
  const text = utf8(JSON.stringify(head));
  if (text.length > LIMITS.maxHeadBytes) {
    throw tooLarge(`the head of ${head.kind}`, text.length, LIMITS.maxHeadBytes);
  }
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setUint32(0, text.length, true);
  return concatBytes(length, text, payload);
}

/** Reads a frame of either side; `maxPayload` in bytes. Never throws. */
export function decodeFrame(bytes: Uint8Array, maxPayload: number): Decoded {
  return decode(FrameHead, bytes, maxPayload);
}

/** Reads what a node may send; for the coordinator. Never throws. */
export function decodeNodeFrame(bytes: Uint8Array, maxPayload: number): Decoded<NodeHead> {
  return decode(NodeHead, bytes, maxPayload);
}

/** Reads what a coordinator may send; for the node. Never throws. */
export function decodeCoordinatorFrame(
  bytes: Uint8Array,
  maxPayload: number,
): Decoded<CoordinatorHead> {
  return decode(CoordinatorHead, bytes, maxPayload);
}

function decode<Head extends { readonly kind: FrameKind }>(
  schema: z.ZodType<Head>,
  bytes: Uint8Array,
  maxPayload: number,
): Decoded<Head> {
  try {
    const { text, payload } = split(bytes, maxPayload);
    const head = parseHead(schema, text);
    if (payload.length > 0 && !FRAME_KINDS[head.kind].payload) {
      throw malformed(`${head.kind} carries no payload, got ${payload.length} bytes`);
    }
    return { ok: true, frame: { head, payload } };
  } catch (error) {
    if (error instanceof TallyError) return { ok: false, error };
    throw error;
  }
}

function split(bytes: Uint8Array, maxPayload: number): { text: string; payload: Uint8Array } {
  if (bytes.length < LENGTH_BYTES) throw malformed(`it has only ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const headBytes = view.getUint32(0, true);
  if (headBytes > LIMITS.maxHeadBytes) {
    throw tooLarge('the head of a frame', headBytes, LIMITS.maxHeadBytes);
  }
  const payload = bytes.subarray(LENGTH_BYTES + headBytes);
  if (bytes.length < LENGTH_BYTES + headBytes) throw malformed('it ends inside its head');
  if (payload.length > maxPayload) throw tooLarge('a payload', payload.length, maxPayload);
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return {
      text: decoder.decode(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + headBytes)),
      payload,
    };
  } catch (cause) {
    throw malformed('its head is not UTF-8', cause);
  }
}

function parseHead<Head>(schema: z.ZodType<Head>, text: string): Head {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw malformed('its head is not JSON', cause);
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const kind = kindOf(json);
  if (kind !== undefined && !Object.hasOwn(FRAME_KINDS, kind)) {
    throw new TallyError('PROTO_UNKNOWN_KIND', { kind: kind.slice(0, 64) });
  }
  const [issue] = result.error.issues;
  if (issue?.path[0] === 'kind' && kind !== undefined) {
    throw new TallyError('PROTO_UNEXPECTED', { kind, reason: 'this side never sends it' });
  }
  throw malformed(`${kind ?? 'head'} ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

function kindOf(json: unknown): string | undefined {
  if (typeof json !== 'object' || json === null || !('kind' in json)) return undefined;
  return typeof json.kind === 'string' ? json.kind : undefined;
}

function malformed(reason: string, cause?: unknown): TallyError {
  return new TallyError('PROTO_MALFORMED', { reason: reason.slice(0, 300) }, cause);
}

function tooLarge(what: string, bytes: number, limit: number): TallyError {
  return new TallyError('PROTO_TOO_LARGE', { what, bytes, limit });
}
