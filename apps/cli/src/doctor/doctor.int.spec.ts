import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT } from '@tallystick/kernel';
import { STRAIGHT } from '@tallystick/site';
import { TlsServer } from '@tallystick/site/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConsoleOutput } from '../console-output.js';
import { chainCheck } from './chain-check.js';
import { check, type Check, Warning } from './check.js';
import { coordinatorChecks, readyCheck } from './coordinator-checks.js';
import { diagnoseDeployment } from './diagnose-deployment.js';
import { diskCheck, portCheck } from './machine-checks.js';
import { sayChecks } from './say-checks.js';

const DAY_MS = 86_400_000;

function named(checks: readonly Check[], name: string): Check | undefined {
  return checks.find(({ what }) => what === name || what.startsWith(`${name}:`));
}

describe('the doctor', () => {
  let folder: string;
  const servers: (() => Promise<unknown>)[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-doctor-'));
  });
  afterEach(async () => {
    for (const close of servers.splice(0)) await close();
    await rm(folder, { recursive: true });
  });

  async function plain(answer: Parameters<typeof createServer>[1]): Promise<string> {
    const server: Server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(() => new Promise((resolve) => server.close(resolve)));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('it does not listen');
    return `http://127.0.0.1:${address.port}`;
  }

  it('fails with the first failure, and a warning alone does not', async () => {
    const out: string[] = [];
    const say = (checks: readonly Check[]): number => {
      const sink = { out: (text: string) => void out.push(text), err: () => undefined };
      return sayChecks(new ConsoleOutput({ json: true, isTty: false, ...sink }), checks);
    };
    const warned = await check('a', () => new Warning('soon', 'do it'));
    const failed = await check('b', () => Promise.reject(new Error('broken')));
    expect(say([warned])).toBe(EXIT.ok);
    expect(say([warned, failed])).not.toBe(EXIT.ok);
    expect(JSON.parse(out.at(-1) ?? '')).toMatchObject({
      failed: 1,
      warned: 1,
      checks: [
        { status: 'warn', what: 'a: soon', hint: 'do it' },
        { status: 'fail', code: 'INTERNAL' },
      ],
    });
  });

  it('sees a certificate that ends soon, one that ended, and one of another key', async () => {
    for (const [days, status, says] of [
      [100, 'ok', (server: TlsServer) => server.pin],
      [5, 'warn', (server: TlsServer) => server.pin],
      [-1, 'fail', () => 'out of date'],
    ] as const) {
      const to = new Date(Date.now() + days * DAY_MS);
      const server = await TlsServer.start({ from: new Date(Date.now() - 30 * DAY_MS), to });
      servers.push(() => server.close());
      const checks = await coordinatorChecks(server.url, { ...STRAIGHT, pins: [server.pin] });
      const found = named(checks, 'certificate');
      expect(found?.status).toBe(status);
      expect(found?.what).toContain(says(server));
      const other = await coordinatorChecks(server.url, { ...STRAIGHT, pins: [`${server.pin}x`] });
      expect(named(other, 'certificate')?.code).toBe('AUTH_CERTIFICATE_PIN');
      expect(other.filter(({ hint, status: how }) => how === 'fail' && hint === undefined)).toEqual(
        [],
      );
    }
  });

  it('measures the clock against the coordinator’s', async () => {
    for (const [behindMs, status] of [
      [0, 'ok'],
      [20_000, 'warn'],
      [-20_000, 'warn'],
      [DAY_MS, 'fail'],
    ] as const) {
      const url = await plain((_request, response) => {
        response.setHeader('date', new Date(Date.now() + behindMs).toUTCString());
        response.end('{}');
      });
      expect(named(await coordinatorChecks(url, STRAIGHT), 'clock')?.status).toBe(status);
    }
  });

  it('says why a coordinator is not ready, in its own words', async () => {
    const url = await plain((_request, response) => {
      response.statusCode = 503;
      response.end(JSON.stringify({ troubles: { database: 'no answer within 2000 ms' } }));
    });
    const found = await readyCheck(url, STRAIGHT);
    expect(found.status).toBe('fail');
    expect(found.what).toContain('database: no answer within 2000 ms');
  });

  it('takes no other chain for its own', async () => {
    const url = await plain((request, response) => {
      let body = '';
      request.on('data', (bytes: Buffer) => (body += bytes.toString()));
      request.on('end', () => {
        const { method } = JSON.parse(body) as { method: string };
        const result = method === 'chain_getHeader' ? { number: '0x2a' } : `0x${'ab'.repeat(32)}`;
        response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result }));
      });
    });
    const genesis = 'ab'.repeat(32) as never;
    expect((await chainCheck(url, genesis)).what).toContain('finalised block 42');
    expect(await chainCheck(url, 'cd'.repeat(32) as never)).toMatchObject({
      status: 'fail',
      code: 'LEDGER_WRONG_CHAIN',
    });
  });

  it('sees a port that is taken and a folder that is not there', async () => {
    const port = Number(new URL(await plain(() => undefined)).port);
    expect(await portCheck(port, '--port')).toMatchObject({
      status: 'fail',
      code: 'CONFIG_PORT_IN_USE',
    });
    expect((await diskCheck(folder)).status).not.toBe('fail');
    expect((await diskCheck(join(folder, 'nothing'))).status).toBe('fail');
  });

  it('finds keys that others can read, and PostgreSQL that is away', async () => {
    await mkdir(join(folder, 'keys'));
    await writeFile(join(folder, 'keys', 'treasury.key'), 'secret', { mode: 0o600 });
    const endpoint = { url: 'http://127.0.0.1:1', chainUrl: 'ws://127.0.0.1:1', pid: 1 };
    await writeFile(join(folder, 'endpoint.json'), JSON.stringify(endpoint));
    const diagnose = () =>
      diagnoseDeployment(
        folder,
        { json: true, data: folder },
        {
          ...{ token: undefined, url: undefined, pin: undefined, proxy: () => undefined },
          ...{ configFolder: folder, signal: new AbortController().signal },
          outside: {},
        },
      );
    expect(named(await diagnose(), 'secrets')?.status).toBe('ok');
    await chmod(join(folder, 'keys', 'treasury.key'), 0o644);
    const checks = await diagnose();
    for (const name of ['secrets', 'PostgreSQL', 'chain', 'coordinator', 'ready']) {
      expect(named(checks, name)?.status, name).toBe('fail');
    }
    const silent = checks.filter(({ status, hint = '' }) => status !== 'ok' && hint === '');
    expect(silent).toEqual([]);
  });
});
