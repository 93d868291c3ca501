import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pageHandler } from './page-handler.js';

describe('pageHandler', () => {
  let folder: string;
  let server: Server;
  let url: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-page-'));
    await mkdir(join(folder, 'assets'));
    await writeFile(join(folder, 'index.html'), '<!doctype html><title>page</title>');
    await writeFile(join(folder, 'assets/main-abc.js'), 'export {};');
    await writeFile(join(folder, 'secret.pem'), 'secret');
    const handle = await pageHandler(folder);
    server = createServer((request: IncomingMessage, response: ServerResponse) => {
      handle?.(request, response, () => {
        response.statusCode = 404;
        response.end('next');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on a port
  });
  afterAll(async () => {
    server.close();
    await rm(folder, { recursive: true, force: true });
  });

  const html = { headers: { accept: 'text/html' } };

  it('answers places within the page with index.html, asked for anew each time', async () => {
    for (const path of ['/', '/runs/3?show=rounds', '/apiary']) {
      const response = await fetch(`${url}${path}`, html);
      expect([path, response.status, await response.text()]).toEqual([
        path,
        200,
        expect.stringContaining('<title>page'),
      ]);
      expect(response.headers.get('cache-control')).toBe('no-cache');
    }
  });

  it('leaves the API, other methods and what is not HTML to others', async () => {
    const asks: readonly (readonly [string, RequestInit])[] = [
      ['/api/v1/runs', html],
      ['/health', html],
      ['/metrics', html],
      ['/runs/3', { headers: { accept: 'application/json' } }],
      ['/', { ...html, method: 'POST' }],
      ['/secret.pem', {}],
      ['/assets/%2e%2e/secret.pem', {}],
      ['/assets/main-abc.js.map', {}],
    ];
    for (const [path, init] of asks) {
      expect([path, (await fetch(`${url}${path}`, init)).status]).toEqual([path, 404]);
    }
  });

  it('sends a hashed file for good, packed or not, and nothing twice', async () => {
    const file = `${url}/assets/main-abc.js`;
    const plain = await fetch(file, { headers: { 'accept-encoding': 'identity' } });
    expect(await plain.text()).toBe('export {};');
    expect(plain.headers.get('cache-control')).toContain('immutable');
    expect(await (await fetch(file)).text()).toBe('export {};');
    const etag = plain.headers.get('etag') ?? '';
    expect((await fetch(file, { headers: { 'if-none-match': etag } })).status).toBe(304);
  });

  it('serves nothing when the page was not built', async () => {
    expect(await pageHandler(join(folder, 'missing'))).toBeUndefined();
  });
});
