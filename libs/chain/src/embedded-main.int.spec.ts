import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { saveKey } from '@tallystick/kernel/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { genesisHash, type RawSpec, verifyBlocks } from './embedded/index.js';
import { toHex0x } from './embedded/hex.js';
import { ALICE, developmentSpec, exportedBlocks, TestChains } from './testing/development-chain.js';
import { remark, signedExtrinsic } from './testing/signed-extrinsic.js';

const ENTRY = fileURLToPath(new URL('../dist/embedded-main.js', import.meta.url));

interface Ready {
  readonly url: string;
  readonly genesis: string;
  readonly pid: number;
}

interface Exit {
  readonly code: number | null;
  readonly stderr: string;
}

/** The chain process under test. */
class Running {
  readonly child: ChildProcess;
  readonly exit: Promise<Exit>;
  readonly ready: Promise<Ready>;

  constructor(settings: unknown) {
    this.child = spawn(process.execPath, [ENTRY, JSON.stringify(settings)]);
    let [stdout, stderr] = ['', ''];
    this.child.stderr?.on('data', (data: Buffer) => (stderr += data.toString()));
    this.exit = new Promise((resolve) =>
      this.child.once('close', (code) => resolve({ code, stderr })),
    );
    this.ready = new Promise((resolve, reject) => {
      this.child.stdout?.on('data', (data: Buffer) => {
        stdout += data.toString();
        if (stdout.endsWith('\n')) resolve(JSON.parse(stdout));
      });
      this.exit.then((exit) => reject(new Error(exit.stderr)), reject);
    });
    this.ready.catch(() => undefined);
  }

  async call(method: string, ...params: unknown[]): Promise<unknown> {
    const { url } = await this.ready;
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const response = await fetch(url.replace('ws', 'http'), { method: 'POST', body });
    const reply = (await response.json()) as { result: unknown };
    return reply.result;
  }

  async blockNumber(): Promise<number> {
    const header = (await this.call('chain_getHeader')) as { number: string };
    return Number(header.number);
  }
}

describe('embedded-main', () => {
  let chains: TestChains;
  let folder: string;
  let spec: RawSpec;
  let settings: { folder: string; specPath: string; keyPath: string; port: number };
  const started: Running[] = [];

  beforeEach(async () => {
    chains = new TestChains();
    spec = await developmentSpec();
    const base = await chains.folder();
    folder = join(base, 'chain');
    settings = {
      folder,
      specPath: join(base, 'spec.json'),
      keyPath: join(base, 'key.pem'),
      port: 0,
    };
    await writeFile(settings.specPath, JSON.stringify(spec));
    await saveKey(settings.keyPath, ALICE);
  });

  afterEach(async () => {
    for (const { child, exit } of started.splice(0)) {
      child.kill('SIGKILL');
      await exit;
    }
    await chains.dispose();
  });

  function start(change: Record<string, unknown> = {}): Running {
    const running = new Running({ ...settings, ...change });
    started.push(running);
    return running;
  }

  test('survives kill -9 with every block it announced, and drains on SIGTERM', async () => {
    // signs for the same genesis without opening the folder
    const signing = await chains.open({ spec });
    const submit = (running: Running, nonce: number): Promise<unknown> => {
      const extrinsic = signedExtrinsic(signing, remark('x'), { signer: ALICE, nonce });
      return running.call('author_submitExtrinsic', toHex0x(extrinsic));
    };
    const first = start();
    expect(await first.ready).toMatchObject({ genesis: genesisHash(spec), pid: first.child.pid });
    let announced = 0;
    for (let nonce = 0; nonce < 5; nonce++) {
      await submit(first, nonce);
      while ((await first.blockNumber()) <= announced);
      announced = await first.blockNumber();
    }
    first.child.kill('SIGKILL');
    await first.exit;

    const second = start();
    expect(await second.blockNumber()).toBe(announced);
    await submit(second, 5);
    while ((await second.blockNumber()) <= announced);
    second.child.kill('SIGTERM');
    expect((await second.exit).code).toBe(0);

    const chain = await chains.open({ spec, folder });
    const verified = await verifyBlocks({ spec, blocks: await exportedBlocks(chain) });
    expect(verified).toMatchObject({ ok: true, head: { number: announced + 1 } });
  });

  test('a second process on the folder, a taken port and missing files are named, with exit code 78', async () => {
    const first = start();
    const { pid } = await first.ready;
    const second = await start().exit;
    expect(second).toMatchObject({ code: 78 });
    expect(second.stderr).toContain(`CONFIG_LOCKED: ${folder} is in use by process ${pid}`);

    const taken = await listening();
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const other = join(await chains.folder(), 'chain');
    const third = await start({ folder: other, port }).exit;
    taken.close();
    expect(third).toMatchObject({ code: 78 });
    expect(third.stderr).toContain(`CONFIG_PORT_IN_USE: port ${port} on 127.0.0.1`);

    const missing = await start({ keyPath: '/nowhere/key.pem' }).exit;
    expect(missing).toMatchObject({ code: 78 });
    expect(missing.stderr).toContain('/nowhere/key.pem');
    const nowhere = await start({ folder: join(settings.specPath, 'chain') }).exit;
    expect(nowhere).toMatchObject({ code: 78 });
    expect(nowhere.stderr).toContain('CONFIG_FOLDER_UNWRITABLE');
    const unset = await start({ specPath: undefined }).exit;
    expect(unset.stderr).toContain('specPath (TALLY_CHAIN_SPEC) is missing');
  });

  function listening(): Promise<Server> {
    const server = createServer();
    return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
  }
});
