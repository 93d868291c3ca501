import { readFile } from 'node:fs/promises';
import { get, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { systemClock, systemEntropy } from '@tallystick/kernel/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { RoundList } from '@tallystick/protocol';
import { decodeInviteToken } from '@tallystick/protocol';
import {
  type RunningCoordinator,
  TEST_RUN,
  testHome,
  type TestHome,
} from './testing/test-deployment.js';
import { TestNode } from './testing/test-node.js';
import { startTestPostgres, type TestPostgres } from './testing/test-postgres.js';
import { ownSource } from './tls/own-certificate.js';
import { ServedCertificate } from './tls/served-certificate.js';

/** 80,001 parameters: updates of 320 KB, which LargeFrames takes out of the socket itself. */
const LARGE_RUN = TEST_RUN.replace(
  '[ { dense: { units: 1 } } ]',
  '[ { dense: { units: 20000 } }, { dense: { units: 1 } } ]',
);

describe('a coordinator over TLS', () => {
  let postgres: TestPostgres;
  let home: TestHome;
  let coordinator: RunningCoordinator;
  let tls: ServedCertificate;
  let ca: string;
  let port: number;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await testHome(await postgres.database());
    const { folder, logger } = home;
    const files = { keyFile: join(folder, 'tls.key'), certificateFile: join(folder, 'tls.crt') };
    const names = ['localhost', '127.0.0.1'];
    const deps = { clock: systemClock, entropy: systemEntropy, logger };
    tls = await ServedCertificate.open(ownSource({ ...files, names, ...deps }), deps);
    coordinator = await home.start({ tls });
    ca = await readFile(files.certificateFile, 'utf8');
    port = Number(new URL(coordinator.api.url).port);
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'; // the test's own fetch and ws; `ask` verifies
  }, 60_000);
  afterAll(async () => {
    delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    await coordinator.stop();
    await home.remove();
    await postgres.stop();
  });

  function ask(path: string, options: RequestOptions = {}) {
    return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>(
      (resolve, reject) => {
        const where = { host: '127.0.0.1', servername: 'localhost', port, path, ca };
        get({ ...where, ...options }, (response) => {
          let body = '';
          response.on('data', (bytes: Buffer) => (body += bytes.toString()));
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
          );
        }).on('error', reject);
      },
    );
  }

  it('answers whoever verifies its certificate, and has browsers insist on it', async () => {
    const { status, headers } = await ask('/health');
    expect(status).toBe(200);
    expect(headers['strict-transport-security']).toMatch(/max-age=\d+/);
  });

  it('speaks neither plain HTTP nor an old TLS', async () => {
    await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow();
    const old = new Promise((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port,
        maxVersion: 'TLSv1.1',
        minVersion: 'TLSv1',
      } as const;
      connect({ ...options, rejectUnauthorized: false, ciphers: 'DEFAULT:@SECLEVEL=0' }, () =>
        resolve('connected'),
      ).once('error', reject);
    });
    await expect(old).rejects.toThrow();
  });

  it('sets a cookie that only this host gets back, over TLS', async () => {
    const { ticket } = (await coordinator.api.post('auth/tickets', {})) as { ticket: string };
    const answer = await coordinator.api.ask(
      'auth/link',
      {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
        body: JSON.stringify({ ticket }),
      },
      '',
    );
    expect(answer.headers.getSetCookie()[0]).toMatch(
      /^__Host-tally=[\w-]{43}; Path=\/; .*; Secure$/,
    );
  });

  it('has its pin in invites', async () => {
    const { token } = await coordinator.api.invite('north');
    expect(decodeInviteToken(token)).toMatchObject({ pin: tls.pin, url: coordinator.api.url });
  });

  it('refuses a foreign name on requests and upgrades', async () => {
    const { status, body } = await ask('/api/v1/auth/me', { headers: { host: 'evil.example' } });
    expect(status).toBe(421);
    expect(JSON.parse(body)).toMatchObject({ error: { code: 'AUTH_HOST' } });
    const socket = new WebSocket(`wss://127.0.0.1:${port}/api/v1/fleet`, 'tally.v1', {
      headers: { host: 'evil.example' },
    });
    const refusal = await new Promise<Error>((resolve) => socket.once('error', resolve));
    expect(refusal.message).toContain('421');
  });

  it('plays a run whose updates come in large frames', async () => {
    const { api } = coordinator;
    const nodes = [new TestNode(api), new TestNode(api)];
    for (const [i, node] of nodes.entries()) await node.join(`site-${i}`);
    for (const node of nodes) await node.connect();
    const { run } = await api.launch(LARGE_RUN);
    await expect
      .poll(async () => (await api.run(run)).status, { timeout: 30_000, interval: 50 })
      .toBe('completed');
    const { rounds } = RoundList.parse(await api.get(`runs/${run}/rounds`));
    expect(rounds.map(({ included }) => included)).toEqual([2, 2, 2]);
  });
});

describe('a coordinator behind a proxy', () => {
  let postgres: TestPostgres;
  let home: TestHome;
  let coordinator: RunningCoordinator;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await testHome(await postgres.database());
    coordinator = await home.start({ isBehindProxy: true });
  }, 60_000);
  afterAll(async () => {
    await coordinator.stop();
    await home.remove();
    await postgres.stop();
  });

  const through = (headers: Record<string, string>) => coordinator.api.ask('auth/me', { headers });

  it('takes what came over TLS, and refuses what did not', async () => {
    expect(
      (await through({ 'x-forwarded-proto': 'https', 'x-forwarded-for': '198.51.100.1' })).status,
    ).toBe(200);
    const plain = await through({ 'x-forwarded-proto': 'http', 'x-forwarded-for': '198.51.100.1' });
    expect(plain.status).toBe(403);
    expect(await plain.json()).toMatchObject({ error: { code: 'AUTH_PLAIN_HTTP' } });
  });

  it('counts attempts by the address that the proxy tells', async () => {
    const attempt = async (address: string): Promise<number> => {
      const headers = {
        'content-type': 'application/json',
        'x-forwarded-proto': 'https',
        'x-forwarded-for': `10.9.8.7, ${address}`,
      };
      const body = JSON.stringify({ ticket: 'x'.repeat(43) });
      return (await coordinator.api.ask('auth/link', { method: 'POST', headers, body }, '')).status;
    };
    for (let n = 0; n < 60; n++) expect(await attempt('198.51.100.1')).toBe(401);
    expect(await attempt('198.51.100.1')).toBe(429);
    expect(await attempt('203.0.113.9')).toBe(401);
  });
});
