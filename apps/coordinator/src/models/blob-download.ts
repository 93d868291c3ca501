import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { FsBlobStore } from '@tallystick/blobs';
import type { Hash } from '@tallystick/kernel';

/** Bytes `start` to `end` (exclusive); `undefined`: all of them; `unsatisfiable`: none of them exist. */
export type WantedRange =
  { readonly start: number; readonly end: number } | 'unsatisfiable' | undefined;

/** Reads a Range header of one range (RFC 9110 §14.2); anything else is ignored, as the RFC allows. */
export function wantedRange(header: string | undefined, size: number): WantedRange {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size };
  }
  const start = Number(first);
  const end = last === '' ? size : Math.min(Number(last) + 1, size);
  if (last !== '' && Number(last) < start) return undefined;
  return start >= size ? 'unsatisfiable' : { start, end };
}

/** Sends a blob: its hash is its ETag, it never changes, and a broken download goes on where it stopped. */
export async function sendBlob(
  blobs: Pick<FsBlobStore, 'size' | 'readStream'>,
  id: Hash,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
): Promise<void> {
  const size = await blobs.size(id);
  const etag = `"${id}"`;
  response.setHeader('etag', etag);
  response.setHeader('cache-control', 'private, max-age=31536000, immutable');
  response.setHeader('accept-ranges', 'bytes');
  if (request.headers['if-none-match'] === etag) return end(response, 304);
  const ifRange = request.headers['if-range'];
  const isSame = ifRange === undefined || ifRange === etag;
  const range = isSame ? wantedRange(request.headers.range, size) : undefined;
  if (range === 'unsatisfiable') {
    response.setHeader('content-range', `bytes */${size}`);
    return end(response, 416);
  }
  const { start, end: stop } = range ?? { start: 0, end: size };
  response.statusCode = range === undefined ? 200 : 206;
  if (range !== undefined)
    response.setHeader('content-range', `bytes ${start}-${stop - 1}/${size}`);
  response.setHeader('content-type', 'application/octet-stream');
  response.setHeader('content-length', stop - start);
  if (request.method === 'HEAD' || stop === start) return end(response, response.statusCode);
  await pipeline(blobs.readStream(id, { start, end: stop }), response);
}

function end(response: ServerResponse, status: number): void {
  response.statusCode = status;
  response.end();
}
