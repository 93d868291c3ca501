import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import type { FsBlobStore } from '@tallystick/blobs';
import { isTallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Downloads } from './downloads.js';

const SMALL = Buffer.alloc(1_000_000, 'model');
const LARGE_BYTES = 64 * 2 ** 20;

/** Sockets are real; the blobs are the test's. */
describe('Downloads', () => {
  let server: Server;
  let port: number;
  let reads: number;
  let codes: string[];
  const id = sha256(SMALL);

  beforeEach(async () => {
    reads = 0;
    codes = [];
    const blobs = {
      size: (of: string) => Promise.resolve(of === id ? SMALL.length : LARGE_BYTES),
      get: () => Promise.resolve((reads++, SMALL)),
      readStream: () => Readable.from(pieces()),
    } as unknown as FsBlobStore; // downloads use these three alone
    const downloads = new Downloads(blobs);
    server = createServer((request, response) => {
      const wanted = request.url === '/small' ? id : sha256(Buffer.from(request.url ?? ''));
      downloads.send(wanted, { request, response }).catch((error: unknown) => {
        codes.push(isTallyError(error) ? error.code : String(error));
        response.statusCode = 503;
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < LARGE_BYTES; at += 65_536) yield Buffer.alloc(65_536);
  }

  function ask(path: string, headers = {}): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      get({ port, path, headers, agent: false }, resolve).on('error', reject);
    });
  }

  async function bytesOf(response: IncomingMessage): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of response) parts.push(part);
    return Buffer.concat(parts);
  }

  it('sends a model to many from one read of it', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask('/small')));
    const bodies = await Promise.all(answers.map(bytesOf));
    expect(bodies.every((body) => body.equals(SMALL))).toBe(true);
    expect(reads).toBe(1);
  });

  it('gives the part that is asked for, and nothing where nothing changed', async () => {
    const part = await ask('/small', { range: 'bytes=999990-' });
    expect(part.statusCode).toBe(206);
    expect(part.headers['content-range']).toBe('bytes 999990-999999/1000000');
    expect(await bytesOf(part)).toEqual(SMALL.subarray(999_990));
    expect((await ask('/small', { 'if-none-match': `"${id}"` })).statusCode).toBe(304);
  });

  it('sends so many large ones at once and no more, and takes more when some have left', async () => {
    const open = await Promise.all(Array.from({ length: 64 }, (_, i) => ask(`/${i}`)));
    expect(open.every(({ statusCode }) => statusCode === 200)).toBe(true);
    expect((await ask('/one-more')).statusCode).toBe(503);
    expect(codes).toEqual(['NET_BUSY']);
    open[0]?.destroy();
    await expect.poll(async () => (await ask('/one-more')).statusCode).toBe(200);
  });
});
