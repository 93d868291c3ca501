import { asRunId, isTallyError, TallyError } from '@tallystick/kernel';
import {
  ed25519,
  sha256,
  signerFromSeed,
  systemClock,
  systemEntropy,
} from '@tallystick/kernel/node';
import { encodeFrame, LIMITS } from '@tallystick/protocol';
import { decodeSigned, HELLO } from '@tallystick/record';
import { STRAIGHT } from '@tallystick/site';
import { flipSignature, nodeSigner, SiteBench, testSpec } from '@tallystick/site/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestFleet } from '../testing/test-fleet.js';
import { BackOff } from './back-off.js';
import { FleetLink } from './fleet-link.js';
import type { Welcome } from './handshake.js';
import { JobDesk } from './job-desk.js';

/** 400,000 parameters: an update of two chunks. */
const WIDE = testSpec((yaml) =>
  yaml.replace(
    'layers: [{ dense: { units: 1 } }]',
    'layers: [{ dense: { units: 65536 } }, { dense: { units: 4 } }, { dense: { units: 1 } }]',
  ),
);

describe('FleetLink', () => {
  let bench: SiteBench;
  let fleet: TestFleet;
  let desk: JobDesk;
  let stop: AbortController;
  let running: Promise<unknown> = Promise.resolve();
  const welcomes: Welcome[] = [];

  beforeEach(async () => {
    bench = await SiteBench.start();
    fleet = await TestFleet.start(bench);
    stop = new AbortController();
    welcomes.length = 0;
  });
  afterEach(async () => {
    stop.abort();
    await running;
    await desk.stop();
    await fleet.close();
    await bench.close();
  });

  /** Starts the link; `running` is what it ended with. */
  function connect(url = fleet.url): void {
    const { agent, logger } = bench;
    const backOff = (): BackOff => new BackOff(systemEntropy);
    desk = new JobDesk({ agent, clock: systemClock, logger, backOff });
    const link = new FleetLink([url], {
      handshake: {
        identity: bench.identity,
        signer: nodeSigner(1),
        sha256,
        ed25519,
        entropy: systemEntropy,
        software: 'test/1',
      },
      backOff: backOff(),
      way: STRAIGHT,
      agent,
      desk,
      sha256,
      clock: systemClock,
      logger,
      onWelcome: (welcome) => void welcomes.push(welcome),
      onLost: () => undefined,
    });
    running = link.run(stop.signal).then(
      () => 'stopped',
      (error: unknown) => error,
    );
  }

  function lost(): (string | undefined)[] {
    return bench.logger.lines
      .filter(({ event }) => event === 'link.lost')
      .map(({ fields }) => String(fields['code']));
  }

  /** Polls, because neither a log nor a file tells that it has grown. */
  async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async function logged(event: string, count = 1, code?: string): Promise<void> {
    const matches = (): number =>
      bench.logger.lines.filter(
        (line) => line.event === event && (code === undefined || line.fields['code'] === code),
      ).length;
    await until(() => matches() >= count);
  }

  /** Resolves after the `count`-th welcome of this test. */
  async function welcomedTimes(count: number): Promise<void> {
    await until(() => welcomes.length >= count);
  }

  it("proves its key, checks the coordinator's and plays a round", async () => {
    connect();
    await fleet.welcomed();
    const hello = decodeSigned(HELLO, fleet.hellos[0] ?? '').value;
    expect(hello).toMatchObject({ node: 1, coordinatorKey: bench.coordinator.signer.key });
    const offer = bench.coordinator.offer();
    fleet.offer(offer);
    const [submit] = await fleet.seen('submit');
    if (submit?.kind !== 'submit') throw new Error('no submit');
    fleet.result(bench.finish(offer, [submit.receipt]));
    const [evaluation] = await fleet.seen('evaluation');
    expect(evaluation).toMatchObject({
      round: 0,
      numExamples: 89,
      metrics: { accuracy: 750_000_000, loss: 250_000_000 },
    });
    expect(await bench.kinds()).toEqual(['task', 'receipt', 'promise', 'header', 'inclusion']);
    expect(welcomes).toHaveLength(1);
    stop.abort();
    expect(await running).toBe('stopped');
  });

  it('H: refuses another coordinator key for good', async () => {
    fleet.script = { welcomeSigner: signerFromSeed(new Uint8Array(32).fill(9)) };
    connect();
    const error = await running;
    expect(isTallyError(error, 'AUTH_COORDINATOR_KEY')).toBe(true);
    expect(String(error)).toContain(bench.coordinator.signer.key);
    expect(welcomes).toEqual([]);
    expect(fleet.frames).toEqual([]);
  });

  it("H: takes the coordinator's word that its key is another one", async () => {
    const message = 'the coordinator showed key aa, but this site pinned bb';
    const code = 'AUTH_COORDINATOR_KEY';
    fleet.script = {
      insteadOfWelcome: () => [encodeFrame({ kind: 'error', code, message, hint: '' })],
    };
    connect();
    expect(await running).toMatchObject({ code, message });
  });

  it('refuses a welcome that was made for another hello', async () => {
    const foreign = bench.coordinator.signer.sign(new Uint8Array(32));
    fleet.script = {
      insteadOfWelcome: () => [
        encodeFrame({
          kind: 'welcome',
          signature: foreign,
          sessionToken: 't',
          node: bench.identity.node,
          heartbeatMs: 1,
          workHeartbeatMs: 1,
        }),
      ],
    };
    connect();
    expect(await running).toMatchObject({ code: 'AUTH_COORDINATOR_KEY' });
  });

  it('tries again after a refusal that may pass, and says why', async () => {
    const error = { kind: 'error' as const, hint: '', message: 'not admitted yet' };
    fleet.script = {
      insteadOfWelcome: (attempt) =>
        attempt === 0 ? [encodeFrame({ ...error, code: 'AUTH_HELLO_INVALID' })] : undefined,
    };
    connect();
    await fleet.welcomed();
    const [line] = bench.logger.lines.filter(({ event }) => event === 'link.lost');
    expect(line?.fields).toMatchObject({ code: 'AUTH_HELLO_INVALID', reason: 'not admitted yet' });
    expect(Number(line?.fields['retryInMs'])).toBeGreaterThan(0);
  });

  it('ends when a newer session of the same node took over', async () => {
    connect();
    await fleet.welcomed();
    fleet.send({ kind: 'error', code: 'PROTO_REPLACED', message: 'twice', hint: '' });
    expect(await running).toMatchObject({ code: 'PROTO_REPLACED' });
  });

  it('H: names a dead server, and connects when it lives again', async () => {
    const { port } = fleet;
    await fleet.close();
    connect(`http://127.0.0.1:${port}`);
    await logged('link.lost', 2);
    expect(lost()).toEqual(['NET_UNREACHABLE', 'NET_UNREACHABLE']);
    expect(JSON.stringify(bench.logger.lines)).toMatch(/ECONNREFUSED/);
    fleet = await TestFleet.start(bench, {}, port);
    await fleet.welcomed();
  });

  it.each<[string, Uint8Array | string, string]>([
    [
      'a frame that is too large',
      new Uint8Array(LIMITS.chunkBytes + LIMITS.maxHeadBytes + 5),
      'NET_CLOSED',
    ],
    ['a head that is too large', Uint8Array.of(0, 0, 1, 0, 1), 'PROTO_TOO_LARGE'],
    ['text', 'hello', 'PROTO_MALFORMED'],
    ['bytes that are no frame', Uint8Array.of(1, 2, 3), 'PROTO_MALFORMED'],
    ['a frame that only nodes send', encodeNode(), 'PROTO_UNEXPECTED'],
    ['an unknown kind', encodeHead('{"kind":"execute"}'), 'PROTO_UNKNOWN_KIND'],
    [
      'a second challenge',
      encodeFrame({ kind: 'challenge', serverNonce: '00'.repeat(32) }),
      'PROTO_UNEXPECTED',
    ],
  ])('H: drops a connection that brings %s, and works on the next', async (_what, bytes, code) => {
    connect();
    await fleet.welcomed();
    fleet.sendRaw(bytes);
    await logged('link.lost');
    expect(lost()).toEqual([code]);
    await welcomedTimes(2);
    fleet.offer(bench.coordinator.offer());
    await fleet.seen('submit');
  });

  it('signs nothing for an offer that the pinned key did not sign', async () => {
    connect();
    await fleet.welcomed();
    const offer = bench.coordinator.offer();
    fleet.offer({ ...offer, task: { ...offer.task, wire: flipSignature(offer.task.wire) } });
    await logged('job.failed', 1, 'AUTH_RECORD_SIGNATURE');
    expect(await bench.kinds()).toEqual([]);
    fleet.offer(offer);
    await fleet.seen('submit');
  });

  it('ends a session that promises for another receipt, and keeps no such promise', async () => {
    const other = await SiteBench.start({ run: testSpec((yaml) => yaml.replace('10', '11')) });
    const { receipt } = await other.update();
    fleet.script = { promise: () => bench.coordinator.promise(receipt) };
    connect();
    await fleet.welcomed();
    fleet.offer(bench.coordinator.offer());
    await logged('link.lost', 1, 'PROTO_UNEXPECTED');
    expect(await bench.kinds()).toEqual(['task', 'receipt']);
    await other.close();
  });

  it('resumes a broken upload at the next missing chunk, with the same bytes', async () => {
    await wide();
    fleet.script = { cutAfterChunks: 1 };
    connect();
    await fleet.welcomed();
    const offer = bench.coordinator.offer();
    fleet.offer(offer);
    await logged('link.lost');
    await welcomedTimes(2);
    fleet.offer(offer);
    const [submit] = await fleet.seen('submit');
    if (submit?.kind !== 'submit') throw new Error('no submit');
    expect(fleet.chunkOffsets).toEqual([0, LIMITS.chunkBytes]);
    expect(bench.trainer.requests).toHaveLength(1);
    await promiseKept();
  });

  it('sends nothing again that the coordinator has', async () => {
    connect();
    await fleet.welcomed();
    const offer = bench.coordinator.offer();
    fleet.offer(offer);
    await fleet.seen('submit');
    await promiseKept();
    fleet.cut();
    await logged('link.lost');
    await welcomedTimes(2);
    fleet.offer(offer);
    await fleet.seen('submit', 2);
    expect(fleet.chunkOffsets).toEqual([0]);
  });

  it('goes on training while the connection is down, and delivers to the next', async () => {
    let open = (): void => undefined;
    bench.trainer.gate = new Promise((resolve) => {
      open = resolve;
    });
    connect();
    await fleet.welcomed();
    const offer = bench.coordinator.offer();
    fleet.offer(offer);
    await until(() => bench.trainer.requests.length > 0);
    fleet.cut();
    await logged('link.lost');
    await welcomedTimes(2);
    fleet.offer(offer);
    open();
    await fleet.seen('submit');
    expect(bench.trainer.requests).toHaveLength(1);
  });

  it('gives up work on a round that closed without it', async () => {
    let open = (): void => undefined;
    bench.trainer.gate = new Promise((resolve) => {
      open = resolve;
    });
    connect();
    await fleet.welcomed();
    const offer = bench.coordinator.offer();
    fleet.offer(offer);
    await until(() => bench.trainer.requests.length > 0);
    fleet.result(bench.finish(offer));
    await logged('round.concluded');
    open();
    fleet.offer(bench.coordinator.offer());
    const [submit] = await fleet.seen('submit');
    expect(submit).toMatchObject({ round: 1 });
    expect((await bench.kinds()).filter((kind) => kind === 'receipt')).toHaveLength(1);
  });

  it('refuses a credit that is no chunk boundary', async () => {
    fleet.script = { creditOffset: 7 };
    connect();
    await fleet.welcomed();
    fleet.offer(bench.coordinator.offer());
    await fleet.seen('upload.begin');
    await logged('link.lost', 1, 'PROTO_UNEXPECTED');
    expect(fleet.chunkOffsets).toEqual([]);
  });

  it('tries an upload again that the coordinator could not take, in the same session', async () => {
    fleet.script = { holdCredit: true };
    connect();
    await fleet.welcomed();
    fleet.offer(bench.coordinator.offer());
    await fleet.seen('upload.begin');
    fleet.script = {};
    const message = 'no space left while writing spool';
    fleet.send({ kind: 'error', code: 'STORE_DISK_FULL', message, hint: '' });
    await fleet.seen('submit');
    expect(lost()).toEqual([]);
  });

  it('sends a signed decline with its code and its words', async () => {
    bench.trainer.failure = new TallyError('ENGINE_DIVERGED', { tensor: 'dense_0.kernel' });
    connect();
    await fleet.welcomed();
    fleet.offer(bench.coordinator.offer());
    const [decline] = await fleet.seen('decline');
    expect(decline).toMatchObject({
      code: 'ENGINE_DIVERGED',
      message: expect.stringContaining('dense_0.kernel'),
    });
  });

  it('gives up a coordinator that is not heard any more', async () => {
    fleet.script = { heartbeatMs: 10 };
    connect();
    await fleet.welcomed();
    await logged('link.lost');
    expect(lost()[0]).toBe('NET_TIMEOUT');
    await welcomedTimes(2);
  });

  it('reconnects after a drain', async () => {
    connect();
    await fleet.welcomed();
    fleet.send({ kind: 'drain', reason: 'restart' });
    await logged('link.lost');
    expect(lost()).toEqual(['NET_DRAINING']);
    await welcomedTimes(2);
    expect(welcomes).toHaveLength(2);
  });

  async function promiseKept(): Promise<void> {
    await until(async () => (await bench.kinds()).includes('promise'));
  }

  /** A site whose updates take more than one chunk. */
  async function wide(): Promise<void> {
    await fleet.close();
    await bench.close();
    bench = await SiteBench.start({ run: WIDE });
    fleet = await TestFleet.start(bench);
  }
});

function encodeNode(): Uint8Array {
  return encodeFrame({ kind: 'upload.chunk', run: asRunId(0), round: 0, offset: 0 });
}

function encodeHead(json: string): Uint8Array {
  const text = Buffer.from(json);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text]);
}
