/**
 * H. Bad input gets a clear error and loses nothing: what people type, what sites hold, and what strangers send. All of it
 * meets the same processes, and in the end a good run completes in them.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunReport, RunView } from './harness/api-types.js';
import { expectClear } from './harness/errors-page.js';
import { Federation, type Refusal } from './harness/federation.js';
import { HeartCopy, SMALL } from './harness/heart.js';
import { isAlive } from './harness/proc.js';
import { Offered, Peer, SiteFolder } from './harness/peer.js';
import { POP, publicHex, RECEIPT } from './harness/records.js';
import type { Ended } from './harness/stage.js';
import { until } from './harness/until.js';
import { shapeOf, updateFile } from './harness/update-file.js';
import { useStage } from './harness/use-stage.js';

/** sysexits.h, as protocol.md §7 says. */
const EXIT = { usage: 64, badInput: 66, unavailable: 69, config: 78 };
/** One of the 14 encodings of small order: the neutral element. */
const SMALL_ORDER = `01${'00'.repeat(31)}`;

describe('a federation that gets bad input', () => {
  let federation: Federation;
  let heart: HeartCopy;
  let good: string;
  let expected: readonly string[];
  let usedToken: string;
  let coordinatorPid: number;

  const stage = useStage(async (opened) => {
    heart = await HeartCopy.at(opened.path('heart'));
    good = await heart.editRun(...SMALL);
    federation = await Federation.start(opened);
    // The site of va joins below, and its node comes later still: until then this test speaks with its key.
    await federation.populate(heart.sites.slice(0, 3));
    coordinatorPid = await federation.pidOf('coordinator');
    expected = (await opened.run(['simulate', heart.folder])).json<RunReport>().roundModels;
  });

  /** Runs `tally` against the deployment; it must fail with this exit code. */
  async function fails(code: number, ...args: readonly string[]): Promise<Refusal> {
    const ended: Ended = await stage().run([...args, '--data', federation.data]);
    expect(ended.code, ended.stderr).toBe(code);
    return ended.json<{ error: Refusal }>().error;
  }

  async function expectGoodRun(): Promise<void> {
    const { run } = await federation.launch(good);
    const rounds = await federation.finished(run);
    expect(rounds.map(({ modelAfter }) => modelAfter)).toEqual(expected);
  }

  async function post(path: string, body: unknown): Promise<Refusal> {
    return federation.refusal(path, { method: 'POST', body: JSON.stringify(body) });
  }

  describe('from people', () => {
    it('H: names every fault of a run.yaml with line and column', async () => {
      const bad = good
        .replace('rounds: 3', 'rounds: many')
        .replace('batchSize', 'batchSise')
        .replace('seed: 0', 'seed: -1');
      const file = stage().path('bad.yaml');
      await writeFile(file, bad);
      const lineOf = (part: string): number =>
        bad.split('\n').findIndex((line) => line.includes(part)) + 1;
      const faults = ['rounds: many', 'batchSise', 'seed: -1'].map((part) => `:${lineOf(part)}:`);
      const told = await fails(EXIT.config, 'run', 'launch', file);
      expectClear(told, 'CONFIG_RUN_SPEC_INVALID', file, 'batchSise', ...faults);
      const overRest = await post('runs', { spec: bad });
      expectClear(overRest, 'CONFIG_RUN_SPEC_INVALID', 'batchSise', ...faults);
      expect(overRest.status).toBe(400);
    });

    it('H: names an address where no coordinator is; the token stays good', async () => {
      const nowhere = `http://127.0.0.1:${await freePort()}`;
      usedToken = await federation.invite('va');
      const folder = federation.folderOf('va');
      const args = ['--name', 'va', '--folder', folder, '--token', usedToken];
      const told = await fails(EXIT.unavailable, 'node', 'join', nowhere, ...args);
      expectClear(told, 'NET_UNREACHABLE', nowhere);
      const list = await fails(EXIT.unavailable, 'run', 'list', '--server', nowhere);
      expectClear(list, 'NET_UNREACHABLE', nowhere);
      await federation.join(heart.sites[3]!, usedToken);
    });

    it('H: refuses a token that is malformed, unknown or used', async () => {
      const folder = stage().path('nobody');
      const joinWith = (token: string): Promise<Refusal> =>
        fails(EXIT.usage, 'node', 'join', '--name', 'x', '--folder', folder, '--token', token);
      expectClear(await joinWith('not*a*token'), 'AUTH_TOKEN_MALFORMED', 'character 4');
      const invite = JSON.parse(Buffer.from(usedToken, 'base64url').toString());
      const secret = randomBytes(32).toString('base64url');
      const unknown = Buffer.from(JSON.stringify({ ...invite, secret })).toString('base64url');
      expectClear(await joinWith(unknown), 'AUTH_TOKEN_UNKNOWN', 'token');
      expectClear(await joinWith(usedToken), 'AUTH_TOKEN_USED', 'used already');
    });

    it('H: names a port in use and the option that changes it', async () => {
      const { port } = federation;
      const up = (...args: string[]): Promise<Ended> =>
        stage().run(['up', '--data', stage().path('second'), ...args]);
      const api = await up('--port', String(port), '--chain-port', '0');
      expect(api.code).toBe(EXIT.config);
      const told = api.json<{ error: Refusal }>().error;
      expectClear(told, 'CONFIG_PORT_IN_USE', String(port));
      expect(told.hint).toContain('--port');
      const taken = new URL(federation.chainUrl).port;
      const chain = (await up('--port', '0', '--chain-port', taken)).json<{ error: Refusal }>()
        .error;
      expectClear(chain, 'CONFIG_PORT_IN_USE', taken);
      expect(chain.hint).toContain('--chain-port');
    });

    it('H: names the process that has the data folder, and leaves its servers alone', async () => {
      const pids = [await federation.pidOf('chain'), await federation.pidOf('postgres')];
      const told = await fails(EXIT.config, 'up', '--port', '0', '--chain-port', '0');
      expectClear(told, 'CONFIG_LOCKED', federation.data, String(federation.up.pid));
      expect([await federation.pidOf('chain'), await federation.pidOf('postgres')]).toEqual(pids);
      expect(pids.filter((pid) => !isAlive(pid))).toEqual([]);
    });

    it('H: names a data folder that cannot be written', async () => {
      const file = stage().path('a-file');
      await writeFile(file, '');
      for (const folder of [join(file, 'data'), '/proc/tally']) {
        const ended = await stage().run([
          'up',
          '--port',
          '0',
          '--chain-port',
          '0',
          '--data',
          folder,
        ]);
        expect(ended.code).toBe(EXIT.config);
        expectClear(ended.json<{ error: Refusal }>().error, 'CONFIG_FOLDER_UNWRITABLE', folder);
      }
    });
  });

  describe('from strangers on the socket', () => {
    let site: SiteFolder;

    async function refused(act: (peer: Peer) => Promise<void> | void): Promise<{
      readonly error: unknown;
      readonly code: number;
    }> {
      const peer = await Peer.open(federation);
      await act(peer);
      const { code } = await peer.closed;
      return { error: peer.frames.at(-1)?.head, code };
    }

    async function welcome(): Promise<Peer> {
      const peer = await Peer.open(federation);
      await peer.hello(site);
      await peer.next('welcome');
      return peer;
    }

    it('H: refuses a hello that proves nothing', async () => {
      site = await SiteFolder.open(federation.folderOf('va'));
      const unsigned = await refused((peer) => peer.hello(site, {}, Buffer.alloc(64)));
      expectClear(unsigned.error, 'AUTH_HELLO_INVALID', 'node 3', 'did not sign');
      expect(unsigned.code).toBe(4401);
      const replayed = await refused((peer) => peer.hello(site, { serverNonce: '11'.repeat(32) }));
      expectClear(replayed.error, 'AUTH_HELLO_INVALID', 'another challenge');
      const unknown = await refused((peer) => peer.hello(site, { node: 77 }));
      expectClear(unknown.error, 'AUTH_HELLO_INVALID', 'node 77', 'not admitted');
      const other = '22'.repeat(32);
      const pinned = await refused((peer) => peer.hello(site, { coordinatorKey: other }));
      expectClear(pinned.error, 'AUTH_COORDINATOR_KEY', other);
    });

    it('H: refuses frames that are too large, before and after the welcome', async () => {
      const early = await refused((peer) => peer.sendRaw(Buffer.alloc(8_192)));
      expectClear(early.error, 'PROTO_TOO_LARGE', '4096');
      expect(early.code).toBe(1009);
      const head = await refused(async (peer) => {
        await peer.hello(site);
        await peer.next('welcome');
        peer.send({ kind: 'progress', junk: 'x'.repeat(20_000) });
      });
      expectClear(head.error, 'PROTO_TOO_LARGE', '16384');
      const huge = await welcome();
      huge.sendRaw(Buffer.alloc((1 << 20) + (1 << 16)));
      expect((await huge.closed).code).toBe(1009);
    });

    it('H: refuses frames that are none', async () => {
      for (const [bytes, code, offending] of [
        [Buffer.from([1, 2]), 'PROTO_MALFORMED', '2 bytes'],
        ['text', 'PROTO_MALFORMED', 'text'],
        [{ kind: 'take.all' }, 'PROTO_UNKNOWN_KIND', 'take.all'],
        [{ kind: 'offer' }, 'PROTO_UNEXPECTED', 'offer'],
      ] as const) {
        const { error } = await refused(async (peer) => {
          await peer.hello(site);
          await peer.next('welcome');
          if (typeof bytes === 'string' || Buffer.isBuffer(bytes)) peer.sendRaw(bytes);
          else peer.send(bytes);
        });
        expectClear(error, code, offending);
      }
    });

    it('H: admits no key of small order', async () => {
      const token = await federation.invite('small');
      const { secret, genesis: chain } = JSON.parse(Buffer.from(token, 'base64url').toString());
      const owner = publicHex(generateKeyPairSync('ed25519').privateKey);
      const pop = { chain, owner, key: SMALL_ORDER };
      // R = the neutral element, S = 0: node:crypto alone takes it for a signature of any message by this key.
      const proof = POP.wire(pop, Buffer.from(`${SMALL_ORDER}${'00'.repeat(32)}`, 'hex'));
      const body = { secret, name: 'small', key: SMALL_ORDER, owner, proof };
      expectClear(await post('nodes/prepare', body), 'AUTH_KEY_INADMISSIBLE', SMALL_ORDER);
    });

    it('H: refuses receipts and updates that are wrong, and the round waits for a right one', async () => {
      const { run } = await federation.launch(good);
      const peer = await welcome();
      const offered = new Offered(peer, site, await peer.next('offer'));
      const shape = shapeOf(await federation.bytes(`models/${offered.task.model}`));
      const update = updateFile(shape);
      const receipt = offered.receipt(update);
      const signed = offered.sign(receipt);
      const rejects = async (
        verdict: unknown,
        code: string,
        ...offending: string[]
      ): Promise<void> => {
        expect(verdict).toMatchObject({ outcome: 'rejected' });
        expectClear(verdict, code, ...offending);
      };
      const neutral = Buffer.from(`${SMALL_ORDER}${'00'.repeat(32)}`, 'hex');
      for (const signature of [Buffer.alloc(64), neutral, randomBytes(64)]) {
        const verdict = await offered.submit(update, RECEIPT.wire(receipt, signature));
        await rejects(verdict, 'ROUND_BAD_SIGNATURE', 'receipt', 'node 3');
      }
      const submitFile = (file: Buffer): Promise<unknown> =>
        offered.submit(file, offered.sign(offered.receipt(file)));
      const { d, blocks } = shape;
      await rejects(
        await submitFile(updateFile({ ...shape, d: d - 1 })),
        'UPDATE_WRONG_SHAPE',
        `${d - 1}`,
        `${d}`,
      );
      const foreign = updateFile({ ...shape, manifest: '33'.repeat(32) });
      await rejects(await submitFile(foreign), 'UPDATE_WRONG_SHAPE', 'tensors');
      await rejects(
        await submitFile(updateFile({ ...shape, blocks: blocks + 1 })),
        'UPDATE_MALFORMED',
        'blocks',
      );
      await rejects(
        await submitFile(updateFile(shape, { shift: 11 })),
        'UPDATE_MALFORMED',
        'shift 11',
      );
      await rejects(
        await submitFile(updateFile(shape, { q: -(2 ** 31) })),
        'UPDATE_MALFORMED',
        'block 0',
      );
      await rejects(
        await submitFile(updateFile(shape, { q: 1, shift: 1 })),
        'UPDATE_MALFORMED',
        'shift 1',
      );
      await rejects(
        await submitFile(updateFile(shape, { codec: 3 })),
        'UPDATE_CODEC_UNSUPPORTED',
        'codec 3',
      );
      await rejects(await submitFile(Buffer.from('not an update')), 'UPDATE_MALFORMED', '13 bytes');
      const [nobody, elsewhere] = [{ numExamples: 0 }, { prev: '44'.repeat(32) }];
      const spoilt = (fields: typeof nobody | typeof elsewhere): Promise<unknown> =>
        offered.submit(update, offered.sign(offered.receipt(update, fields)));
      await rejects(await spoilt(nobody), 'ROUND_NO_EXAMPLES', 'node 3', '0 examples');
      await rejects(await spoilt(elsewhere), 'ROUND_WRONG_TASK', 'round 0');
      const other = updateFile(shape, { q: 5 });
      await rejects(
        await offered.submit(other, signed, updateFile(shape, { q: 6 })),
        'UPDATE_HASH_MISMATCH',
      );
      const current = await until('the others have answered', async () => {
        const now = (await federation.run(run)).current;
        return now?.included === 3 ? now : undefined;
      });
      expect(current).toMatchObject({ round: 0, waitingFor: [3] });
      peer.close();
      await federation.startNode('va');
      const rounds = await federation.finished(run);
      expect(rounds.map(({ modelAfter }) => modelAfter)).toEqual(expected);
    });
  });

  describe('from sites', () => {
    /** Launches a run that must fail, and gives its end and the declines that its events tell. */
    async function failing(spec: string): Promise<{ view: RunView; declines: readonly unknown[] }> {
      const { run } = await federation.launch(spec);
      const ended = await stage().run(['run', 'watch', String(run), '--data', federation.data]);
      expect(ended.code).toBe(20);
      const lines = ended.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      const declines = lines.filter(({ type }) => type === 'node.declined');
      return { view: ended.json<RunView>(), declines: declines.map(({ detail }) => detail) };
    }

    it('H: tells which column a site lacks: the researcher the dataset, the site the file', async () => {
      const { csv } = heart.sites[3]!;
      const text = await readFile(csv, 'utf8');
      await writeFile(csv, text.replace('chol', 'cholesterol'));
      const { view, declines } = await failing(good);
      await writeFile(csv, text);
      expectClear(declines[0], 'DATA_COLUMN_MISSING', 'dataset heart', 'column chol');
      expect(JSON.stringify(declines)).not.toContain(csv);
      expect(view.reason).toMatch(/3 empty rounds.*node 3 declined \(DATA_COLUMN_MISSING/);
      const log = federation.nodes.get('va')?.stderr ?? '';
      expect(log).toContain(`${csv} has no column chol`);
    });

    it('H: names the tensor of a training that diverges, or moves out of range', async () => {
      const rate = /learningRate: [\d.e+-]+/;
      const diverged = await failing(good.replace(rate, 'learningRate: 1.0e+300'));
      expectClear(diverged.declines[0], 'ENGINE_DIVERGED', 'dense0.');
      const wide = await failing(good.replace(rate, 'learningRate: 100000'));
      expectClear(wide.declines[0], 'UPDATE_OUT_OF_RANGE', 'dense0.', 'moved by');
      expect(wide.view.reason).toContain('node 0 declined (UPDATE_OUT_OF_RANGE');
      expect(wide.declines.length).toBeGreaterThanOrEqual(12);
    });
  });

  it('H: after all of it a good run completes in the same processes', async () => {
    await expectGoodRun();
    expect(await federation.pidOf('coordinator')).toBe(coordinatorPid);
    expect([...federation.nodes.values()].filter(({ isOver }) => isOver)).toEqual([]);
  });

  it('H: a node leaves a coordinator whose key changed, and says both keys', async () => {
    const key = join(federation.data, 'keys/coordinator.key');
    await copyFile(key, stage().path('kept.key'));
    const pem = { format: 'pem', type: 'pkcs8' } as const;
    await writeFile(key, generateKeyPairSync('ed25519').privateKey.export(pem));
    await federation.kill('coordinator');
    const pinned = (await SiteFolder.open(federation.folderOf('va'))).identity.coordinatorKey;
    for (const node of federation.nodes.values()) {
      const { code, stderr } = await node.ended;
      expect(code).toBe(EXIT.usage);
      const [, said, message, hint] = /^([A-Z_]+): (.*)\n(.*)\n$/m.exec(stderr) ?? [];
      expectClear({ code: said, message, hint }, 'AUTH_COORDINATOR_KEY', pinned);
    }
    await copyFile(stage().path('kept.key'), key);
    await federation.kill('coordinator');
    await until('it is back', () => federation.run(0));
    const names = [...federation.nodes.keys()];
    await Promise.all(names.map((name) => federation.startNode(name)));
    await expectGoodRun();
    expect(await federation.stop()).toBe(0);
  });
});

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
