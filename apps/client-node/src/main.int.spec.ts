import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { saveKey, signerFromSeed } from '@tallystick/kernel/node';
import { nodeSigner, SiteBench } from '@tallystick/site/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestFleet } from './testing/test-fleet.js';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const ROWS = Array.from({ length: 24 }, (_, i) => `${i % 2},${30 + i},${i % 3},train`);
const CSV = ['num,age,sex,set', ...ROWS, '0,33,1,test', '1,52,0,test', ''].join('\n');

describe('the client-node process', () => {
  let bench: SiteBench;
  let fleet: TestFleet;
  let child: ChildProcess | undefined;
  let stderr = '';
  beforeEach(async () => {
    bench = await SiteBench.start();
    fleet = await TestFleet.start(bench);
    await bench.log.close(); // the process takes the folder over
    await saveKey(join(bench.folder, 'node.key'), nodeSigner(1));
    await writeFile(join(bench.folder, 'heart.csv'), CSV);
    await configure(fleet.url);
  });
  afterEach(async () => {
    child?.kill('SIGKILL');
    await fleet.close();
    await bench.remove();
  });

  function configure(url: string): Promise<void> {
    const text = [
      'name: budapest',
      'organisation: budapest',
      `coordinator: ${url}`,
      'datasets: { heart: heart.csv }',
      'policy: { purposes: [DUO:0000007] }',
      '',
    ];
    return writeFile(join(bench.folder, 'node.yaml'), text.join('\n'));
  }

  function start(): ChildProcess {
    const started = spawn(process.execPath, [MAIN, '--folder', bench.folder], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    stderr = '';
    started.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    child = started;
    return started;
  }

  /** Its lines on stdout, up to the one that says it is ready. */
  async function ready({ stdout }: ChildProcess): Promise<readonly Record<string, unknown>[]> {
    if (stdout === null) throw new Error('it has no stdout');
    const lines: Record<string, unknown>[] = [];
    for await (const line of createInterface({ input: stdout })) {
      lines.push(JSON.parse(line));
      if (lines.at(-1)?.['event'] === 'node.ready') return lines;
    }
    throw new Error('it was never ready');
  }

  /** Signs in by a link; then reads, or acts with a body. */
  async function openPage(link: string) {
    const { origin, hash } = new URL(link);
    const send = async (path: string, body: unknown, session = ''): Promise<unknown> => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${session}` };
      const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
      const response = await fetch(`${origin}/api/v1/${path}`, { ...init, headers });
      return response.json();
    };
    const signedIn = await send('auth/link', { ticket: hash.replace('#ticket=', '') });
    const { session } = signedIn as { session: string };
    return (path: string, body?: unknown) => send(path, body, session);
  }

  async function exitOf(process_: ChildProcess): Promise<unknown> {
    const [code] = await once(process_, 'exit');
    return code;
  }

  it('says that it is ready, trains in a process of its own, survives kill -9 and drains', async () => {
    const first = start();
    const url = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/);
    const link = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/#ticket=[\w-]{43}$/);
    expect(await ready(first)).toEqual([
      { event: 'node.page', url, link },
      { event: 'node.ready', node: 1, pid: first.pid, startedAtMs: expect.any(Number) },
    ]);
    const offer = bench.coordinator.offer();
    fleet.offer(offer);
    const [submit] = await fleet.seen('submit');
    first.kill('SIGKILL');
    await exitOf(first);
    const second = start();
    await ready(second);
    fleet.offer(offer);
    const [, again] = await fleet.seen('submit', 2);
    expect(again).toEqual(submit);
    if (again?.kind !== 'submit') throw new Error('no submit');
    fleet.result(bench.finish(offer, [again.receipt]));
    await fleet.seen('evaluation');
    second.kill('SIGTERM');
    expect(await exitOf(second)).toBe(0);
    expect((await bench.kinds()).slice(0, 2)).toEqual(['task', 'receipt']);
    expect((await bench.kinds()).toSorted()).toEqual(
      ['task', 'receipt', 'promise', 'header', 'inclusion'].toSorted(),
    );
  });

  it('remembers over kill -9 what was asked and that it was paused, and declines then', async () => {
    const first = start();
    const link = String((await ready(first))[0]?.['link']);
    const offer = bench.coordinator.offer();
    fleet.offer(offer);
    await fleet.seen('submit');
    const call = await openPage(link);
    await expect(call('tasks')).resolves.toMatchObject({
      tasks: [{ run: 0, round: 0, ask: { name: 'heart' }, sent: { rows: 24 } }],
    });
    await call('intake', { state: 'paused' });
    first.kill('SIGKILL');
    await exitOf(first);
    bench.finish(offer);
    const second = start();
    const again = await openPage(String((await ready(second))[0]?.['link']));
    fleet.offer(bench.coordinator.offer());
    await fleet.seen('decline');
    await expect(again('tasks')).resolves.toMatchObject({
      tasks: [
        { round: 1, state: 'declined', reason: { code: 'POLICY_PAUSED' } },
        { round: 0, ask: { name: 'heart' } },
      ],
    });
    second.kill('SIGTERM');
    expect(await exitOf(second)).toBe(0);
  });

  it('H: ends with a code of its own when the coordinator key changed', async () => {
    fleet.script = { welcomeSigner: signerFromSeed(new Uint8Array(32).fill(9)) };
    expect(await exitOf(start())).toBe(64);
    expect(stderr).toMatch(/AUTH_COORDINATOR_KEY: the coordinator showed key/);
    expect(stderr).toContain(bench.coordinator.signer.key);
  });

  it('H: ends when node.yaml is bad, the folder has not joined, or another node holds it', async () => {
    await writeFile(join(bench.folder, 'node.yaml'), 'name: Budapest\n');
    expect(await exitOf(start())).toBe(78);
    expect(stderr).toMatch(/node\.yaml:1:1 name: must be lower-case/);
    await configure(fleet.url);
    const holder = start();
    await ready(holder);
    const rival = spawn(process.execPath, [MAIN, '--folder', bench.folder], { stdio: 'ignore' });
    expect(await exitOf(rival)).toBe(78);
    holder.kill('SIGTERM');
    expect(await exitOf(holder)).toBe(0);
    await writeFile(join(bench.folder, 'receipts.log'), '');
    expect(await exitOf(start())).toBe(64);
    expect(stderr).toMatch(/has not joined/);
  });

  it('H: shows why it cannot connect, and goes on trying', async () => {
    await configure('http://127.0.0.1:9');
    const node = start();
    while (!stderr.includes('link.lost')) await once(node.stderr ?? node, 'data');
    expect(stderr).toMatch(/NET_UNREACHABLE.*127\.0\.0\.1:9.*retryInMs/);
    node.kill('SIGTERM');
    expect(await exitOf(node)).toBe(0);
  });
});
