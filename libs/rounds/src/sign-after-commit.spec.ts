import { type Signer, TallyError } from '@tallystick/kernel';
import { ed25519, sha256, signerFromSeed } from '@tallystick/kernel/node';
import { RunSpec } from '@tallystick/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import type { RoundJournal } from './ports/index.js';
import { RunLoop } from './run-loop.js';
import { FakeFederation } from './testing/fake-federation.js';

const seedOf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const TAG_BYTES = 16;
const never = new AbortController().signal;

const SPEC = RunSpec.parse({
  tallystick: 1,
  name: 'unit',
  purpose: 'DUO:0000007',
  data: {
    dataset: 'd',
    label: { column: 'y', above: 0 },
    split: { column: 'set' },
    features: [{ column: 'x' }],
  },
  model: { layers: [{ dense: { units: 1 } }], loss: 'sigmoidCrossEntropy' },
  local: { steps: 1, batchSize: 1, optimizer: { sgd: { learningRate: 0.1 } } },
  strategy: { fedAvg: {} },
  rounds: 1,
  window: { count: { min: 2, max: 2 }, deadlineMs: 10_000 },
});

/** A coordinator that lost its run must sign nothing that its successor does not hold. */
describe('a run that another coordinator has taken over', () => {
  let fed: FakeFederation;
  /** Kinds of record that were signed, in order. */
  let signed: string[];
  beforeEach(() => {
    const key = signerFromSeed(seedOf(1));
    signed = [];
    const coordinator: Signer = {
      key: key.key,
      sign: (message) => {
        signed.push(Buffer.from(message.subarray(0, TAG_BYTES)).toString().split('/')[1] ?? '');
        return key.sign(message);
      },
    };
    const nodes = [10, 11].map((byte) => signerFromSeed(seedOf(byte)));
    fed = new FakeFederation(SPEC, { sha256, ed25519, coordinator, nodes });
  });

  /** The run, over a journal that refuses one kind of write. */
  function loopWithout(refused: 'open' | 'append' | 'close' | undefined): RunLoop {
    const { journal } = fed.deps;
    const fenced = (): Promise<never> =>
      Promise.reject(new TallyError('ROUND_FENCED', { lease: 'run/0' }));
    const bent: RoundJournal = {
      load: (run) => journal.load(run),
      open: (round) => (refused === 'open' ? fenced() : journal.open(round)),
      append: (run, round, rows) =>
        refused === 'append' ? fenced() : journal.append(run, round, rows),
      decline: (run, round, row) => journal.decline(run, round, row),
      close: (closed) => (refused === 'close' ? fenced() : journal.close(closed)),
    };
    const loop = new RunLoop(fed.plan, { ...fed.deps, journal: bent });
    fed.link.onOffer = (node, offer) => void fed.submit(loop, node, offer).catch(() => undefined);
    return loop;
  }

  it.each([
    ['open', []],
    ['append', ['task']],
    ['close', ['task', 'promise', 'promise']],
  ] as const)('refused at %s, it has signed %j and ends', async (refused, before) => {
    const played = loopWithout(refused).play(never);
    const ended = expect(played).rejects.toMatchObject({ code: 'ROUND_FENCED' });
    await fed.clock.advance(20_000);
    await ended;
    expect(signed).toEqual(before);
    expect(fed.link.results).toEqual([]);
  });

  it('signs a task, two promises and a header when nothing is refused', async () => {
    const played = loopWithout(undefined).play(never);
    await fed.clock.advance(1_000);
    expect(await played).toMatchObject({ status: 'completed' });
    expect(signed).toEqual(['task', 'promise', 'promise', 'header']);
  });
});
