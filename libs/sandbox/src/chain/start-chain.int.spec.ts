import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryLogger } from '@tallystick/kernel/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DataFolder, openDataFolder } from '../data-folder.js';
import { type Deployment, openDeployment } from '../deployment.js';
import { processBirth } from '@tallystick/kernel/node';
import { type RunningChain, startChain } from './start-chain.js';

describe('startChain', () => {
  let folder: DataFolder;
  let deployment: Deployment;
  let running: RunningChain[];

  beforeEach(async () => {
    folder = await openDataFolder(mkdtempSync(join(tmpdir(), 'tally-chain-')));
    deployment = await openDeployment(folder);
    running = [];
  });

  afterEach(async () => {
    for (const chain of running) await chain.stop();
    rmSync(folder.root, { recursive: true });
  });

  async function start(port = 0): Promise<RunningChain> {
    const { specPath, authorityKeyPath: keyPath } = deployment;
    const logger = new MemoryLogger();
    const chain = await startChain({ folder: folder.chain, specPath, keyPath, port, logger });
    running.push(chain);
    return chain;
  }

  it('starts the chain of this deployment, adopts it, stops it and starts it again', async () => {
    const first = await start();
    expect(first).toMatchObject({ adopted: false, genesis: deployment.genesis });
    const second = await start();
    expect(second).toMatchObject({ adopted: true, pid: first.pid, url: first.url });
    await second.stop();
    expect(await processBirth(first.pid)).toBeUndefined();
    const third = await start();
    expect(third).toMatchObject({ adopted: false, genesis: deployment.genesis });
  });

  it('recovers after a kill -9', async () => {
    const first = await start();
    process.kill(first.pid, 'SIGKILL');
    const second = await start();
    expect(second).toMatchObject({ adopted: false, genesis: deployment.genesis });
  });

  it('lets two simultaneous starters share one process', async () => {
    const chains = await Promise.all([start(), start()]);
    expect(new Set(chains.map(({ pid }) => pid)).size).toBe(1);
    expect(chains.filter(({ adopted }) => adopted)).toHaveLength(1);
  });

  it('does not adopt a stranger on the port of a dead chain', async () => {
    const server = createServer((_, response) => response.end('{"result":"0x00"}'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const said = { event: 'chain.listening', url: `ws://127.0.0.1:${port}`, pid: process.pid };
    const line = JSON.stringify({ ...said, genesis: deployment.genesis });
    writeFileSync(join(folder.chain, 'chain.out'), `${line}\n`);
    const chain = await start();
    server.close();
    expect(chain.adopted).toBe(false);
    expect(chain.pid).not.toBe(process.pid);
  });

  it('H: names a port that is in use, and the option that changes it', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await expect(start(port)).rejects.toMatchObject({
      code: 'CONFIG_PORT_IN_USE',
      message: expect.stringContaining(String(port)),
      hint: expect.stringContaining('TALLY_CHAIN__PORT'),
    });
    server.close();
    await start();
  });

  it('says why a chain does not start, and where to read more', async () => {
    const spec = JSON.parse(readFileSync(deployment.specPath, 'utf8'));
    writeFileSync(deployment.specPath, JSON.stringify({ ...spec, genesis: {} }));
    appendFileSync(join(folder.chain, 'chain.log'), 'FATAL: an old fault\n');
    await expect(start()).rejects.toMatchObject({
      code: 'LEDGER_START',
      message: expect.stringContaining('LEDGER_GENESIS_INVALID'),
      hint: expect.stringContaining(join(folder.chain, 'chain.log')),
    });
  });
});
