/**
 * A deployment outside loopback: TLS with its own certificate, a site that reaches it through an HTTP proxy alone, trains,
 * gets a new key in the middle of a run, and is revoked. Half a minute of commands: with TALLY_E2E_FULL=1.
 */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { HeartCopy } from './harness/heart.js';
import { Proxy } from './harness/proxy.js';
import type { Ended, Running } from './harness/stage.js';
import { until } from './harness/until.js';
import { useStage } from './harness/use-stage.js';

const LOGIN = 'va:p-w';
const NAME = 'coordinator.test';
const ROUNDS = 10;
const SITES = ['cleveland', 'va'] as const;

interface Up {
  readonly url: string;
  readonly pin: string;
}

interface Line {
  readonly type: string;
  readonly round: number;
  readonly keyEpoch: number;
  readonly key: string;
}

interface Shown {
  readonly status: string;
  readonly closedRounds: number;
  readonly committedRounds: number;
}

interface Doctor {
  readonly checks: readonly {
    readonly status: string;
    readonly what: string;
    readonly hint?: string;
  }[];
}

const isFull = process.env['TALLY_E2E_FULL'] === '1';

describe.runIf(isFull)('TLS', () => {
  let proxy: Proxy;
  let up: Up;
  let heart: HeartCopy;
  let run = 0;
  const nodes = new Map<string, Running>();
  const behind = (login = LOGIN) => ({ HTTPS_PROXY: proxy.urlFor(login) });
  const folderOf = (name: string): string => stage().path('sites', name);
  const operator = (...args: readonly string[]): Promise<Ended> =>
    stage().run([...args, '--data', stage().path('data')]);
  const site = (name: string, args: readonly string[], env = behind()): Promise<Ended> =>
    stage().run([...args, '--folder', folderOf(name)], { env });
  const log = async (name: string): Promise<readonly Line[]> => {
    const text = await readFile(join(folderOf(name), 'receipts.log'), 'utf8');
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
  };
  /** The API of the coordinator, quicker than a command. */
  const api = async <T>(method: 'GET' | 'POST', path: string): Promise<T> => {
    const token = (await readFile(stage().path('data', 'api-token'), 'utf8')).trim();
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const options = { method, headers, rejectUnauthorized: false };
    return new Promise((resolve, reject) => {
      const asked = request(`${up.url}/api/v1/${path}`, options, (response) => {
        let text = '';
        response.on('data', (bytes: Buffer) => (text += bytes.toString()));
        response.on('end', () => resolve(JSON.parse(text) as T));
      });
      asked.once('error', reject);
      asked.end(method === 'POST' ? '{}' : undefined);
    });
  };
  const show = (): Promise<Shown> => api('GET', `runs/${run}`);
  const start = async (name: string): Promise<Running> => {
    const node = stage().tally(['node', 'start', '--folder', folderOf(name)], { env: behind() });
    nodes.set(name, node);
    return node;
  };

  const stage = useStage(async (opened) => {
    proxy = await Proxy.start(LOGIN);
    heart = await HeartCopy.at(opened.path('heart'));
    const args = [
      'up',
      '--port',
      '0',
      '--chain-port',
      '0',
      '--data',
      opened.path('data'),
      '--json',
    ];
    const env = { TALLY_HOST: '0.0.0.0', TALLY_PUBLIC_URL: `https://${NAME}` };
    up = await opened.tally(args, { env }).event<Up>('up');
    proxy.port = Number(new URL(up.url).port);
  });
  afterAll(() => proxy.close());

  it('serves TLS with a key that only the operator reads, and says its pin', async () => {
    expect(up.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(up.pin).toMatch(/^sha256\//);
    expect((await stat(stage().path('data', 'keys', 'tls.key'))).mode & 0o777).toBe(0o600);
    await expect(fetch(up.url.replace('https', 'http'))).rejects.toThrow();
  });

  it('takes a site in by three commands, through the proxy alone', async () => {
    for (const name of SITES) {
      await mkdir(stage().path('sites'), { recursive: true });
      const { token } = (await operator('node', 'invite', name)).json<{ token: string }>();
      const join_ = ['node', 'join', '--token', token, '--name', name];
      const joined = await site(name, join_);
      expect(joined.code, joined.stderr).toBe(0);
      const csv = join(heart.folder, `${name}.csv`);
      expect((await site(name, ['node', 'dataset', 'add', 'heart', csv])).code).toBe(0);
      const file = join(folderOf(name), 'node.yaml');
      const text = await readFile(file, 'utf8');
      expect(text).toContain(`pin: "${up.pin}"`);
      await writeFile(file, text.replace('purposes: []', 'purposes: ["DUO:0000007"]'));
      await start(name);
    }
    for (const node of nodes.values()) await node.event('node.ready');
    expect(new Set(proxy.opened)).toEqual(new Set([`${NAME}:443`]));
  });

  it('says that the proxy wants a password, and does not show the wrong one', async () => {
    const { token } = (await operator('node', 'invite', 'late')).json<{ token: string }>();
    const join_ = ['node', 'join', '--token', token, '--name', 'late'];
    const locked = await site('late', join_, behind('va:wrong'));
    expect(locked.code).toBe(69);
    expect(locked.json()).toMatchObject({ error: { code: 'NET_PROXY_LOGIN' } });
    expect(locked.stdout + locked.stderr).not.toContain('wrong');
  });

  it('has doctors that tell the truth', async () => {
    const well = await site('va', ['node', 'doctor']);
    expect(well.code, well.stderr).toBe(0);
    expect(well.json<Doctor>().checks.map(({ what }) => what)).toEqual(
      expect.arrayContaining([expect.stringContaining(`pinned, until`)]),
    );
    const alone = await site('va', ['node', 'doctor'], { HTTPS_PROXY: '' });
    expect(alone.code).not.toBe(0);
    const failed = alone.json<Doctor>().checks.filter(({ status }) => status === 'fail');
    expect(failed.length).toBeGreaterThan(0);
    for (const { hint } of failed) expect(hint).toMatch(/\w/);
    const here = await operator('doctor');
    expect(here.code, here.stderr).toBe(0);
    const lines = here
      .json<Doctor>()
      .checks.map(({ what }) => what)
      .join('\n');
    for (const word of ['PostgreSQL: 1', 'finalised block', up.pin, 'rounds wait', 'GiB free']) {
      expect(lines).toContain(word);
    }
  });

  it('trains; a new key comes in the middle of a run, and nothing of it is lost', async () => {
    await heart.editRun(
      [/^rounds: .*$/m, `rounds: ${ROUNDS}`],
      [/^ {2}steps: .*$/m, '  steps: 100'],
      [/min: \d+, max: \d+/, 'min: 2, max: 2'],
    );
    const launched = await operator('run', 'launch', join(heart.folder, 'run.yaml'));
    expect(launched.code, launched.stderr).toBe(0);
    run = launched.json<{ run: number }>().run;
    await until('two rounds are closed', async () => (await show()).closedRounds >= 2 || undefined);
    await api('POST', `runs/${run}/pause`); // so that rounds of both keys are certain
    const before = (await log('va')).find(({ type }) => type === 'identity');
    const rotated = await site('va', ['node', 'key', 'rotate']);
    expect(rotated.code, rotated.stderr).toBe(0);
    expect(rotated.json()).toMatchObject({ keyEpoch: 1 });
    await api('POST', `runs/${run}/resume`); // its first task asks for a key that the node may not use yet
    await until(
      'the run is over and final',
      async () => {
        const { status, closedRounds, committedRounds } = await show();
        return (status === 'completed' && closedRounds === committedRounds) || undefined;
      },
      120_000,
    );
    const lines = await log('va');
    const identities = lines.filter(({ type }) => type === 'identity');
    expect(identities.map(({ keyEpoch }) => keyEpoch)).toEqual([0, 1]);
    expect(identities[1]?.key).toBe(rotated.json<{ key: string }>().key);
    expect(identities[1]?.key).not.toBe(before?.key);
    const turn = lines.findIndex(({ keyEpoch }) => keyEpoch === 1);
    const receipts = lines
      .map(({ type }, at) => (type === 'receipt' ? at : -1))
      .filter((at) => at >= 0);
    expect(receipts.length).toBe(ROUNDS);
    expect(receipts[0]).toBeLessThan(turn);
    expect(receipts.at(-1)).toBeGreaterThan(turn);
    expect(nodes.get('va')?.isOver).toBe(false);
  });

  it('verifies rounds of both keys', async () => {
    const anchors = SITES.flatMap((name) => ['--as-node', join(folderOf(name), 'receipts.log')]);
    const audit = await operator('audit', 'verify', String(run), ...anchors);
    expect(audit.code, audit.stderr).toBe(0);
    expect(audit.json()).toMatchObject({ verdict: 'VERIFIED' });
  });

  it('sends a revoked node away at once, and lets it in no more', async () => {
    const numbers = (await operator('node', 'list')).json<
      readonly { node: number; name: string }[]
    >();
    const { node } = numbers.find(({ name }) => name === 'va') ?? { node: -1 };
    const revoked = await operator('node', 'revoke', String(node));
    expect(revoked.code, revoked.stderr).toBe(0);
    expect(revoked.json()).toMatchObject({ status: 'revoked' });
    const gone = await nodes.get('va')?.ended;
    expect(gone?.code).toBe(64);
    expect(gone?.stderr).toContain('AUTH_NODE_REVOKED');
    const again = await (await start('va')).ended;
    expect(again.code).toBe(64);
    expect(again.stderr).toContain('join with a new invite');
    expect(nodes.get('cleveland')?.isOver).toBe(false);
  });

  it('is not talked to in the clear, nor with another pin', async () => {
    const wrong = `sha256/${'A'.repeat(43)}=`;
    const env = { TALLY_TOKEN: 'x', TALLY_PIN: wrong };
    const other = await stage().run(['run', 'list', '--server', up.url], { env });
    expect(other.code).toBe(64);
    expect(other.json()).toMatchObject({ error: { code: 'AUTH_CERTIFICATE_PIN' } });
    const plain = await stage().run(['run', 'list', '--server', up.url.replace('https', 'http')], {
      env,
    });
    expect(plain.json()).toMatchObject({ error: { code: 'AUTH_PLAIN_HTTP' } });
  });
});
