import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { manifestOf } from '@tallystick/aggregation';
import { asHash, isTallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { modelTensors } from '@tallystick/rounds';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProcessTrainer, type ProcessTrainerOptions } from './process-trainer.js';
import { MAX_WAITING } from './serial-queue.js';
import type { TrainRequest } from './trainer.js';

const MODEL = {
  layers: [{ dense: { units: 1, activation: 'linear' as const } }],
  loss: 'sigmoidCrossEntropy' as const,
  init: 'zeros' as const,
};
const MANIFEST = manifestOf(sha256, modelTensors(MODEL, 1));

let folder: string;
let path: string;
const open: ProcessTrainer[] = [];

function trainerOf(options: ProcessTrainerOptions = {}): ProcessTrainer {
  const trainer = new ProcessTrainer(options);
  open.push(trainer);
  return trainer;
}

/** A trainer whose process is this program instead. */
async function trainerRunning(program: string, options: ProcessTrainerOptions = {}) {
  const file = join(folder, `${open.length}.mjs`);
  await writeFile(file, program);
  return trainerOf({ entry: pathToFileURL(file), ...options });
}

function request(rest: Partial<TrainRequest> = {}, steps = 5): TrainRequest {
  return {
    manifest: MANIFEST,
    weights: new Float32Array(2),
    datasetPath: path,
    data: {
      dataset: 'd',
      label: { column: 'y', above: 0 },
      split: { column: 'set', train: 'train', test: 'test' },
      missing: 'drop',
      features: [{ column: 'a' }],
    },
    model: MODEL,
    local: {
      steps,
      batchSize: 2,
      optimizer: { sgd: { learningRate: 0.1, momentum: 0 } },
      proximalMu: 0,
    },
    seed: asHash('05'.repeat(32)),
    ...rest,
  };
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => new Error('it was accepted'),
    (reason: unknown) => reason,
  );
  return isTallyError(error) ? `${error.code} ${error.message}` : String(error);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tally-process-'));
  path = join(folder, 'site.csv');
  await writeFile(path, 'y,a,set\n0,-1,train\n1,1,train\n1,2,train\n');
});

afterAll(async () => {
  for (const trainer of open) await trainer.close();
  await rm(folder, { recursive: true });
});

describe('ProcessTrainer', () => {
  it('keeps one warm process', async () => {
    const trainer = trainerOf();
    await trainer.start();
    const { pid } = trainer;
    expect(pid).toBeTypeOf('number');
    const [first, second] = await Promise.all([trainer.train(request()), trainer.train(request())]);
    expect(second).toEqual(first);
    expect(trainer.pid).toBe(pid);
  });

  it('hands errors over as they are, and the process lives on', async () => {
    const trainer = trainerOf();
    await trainer.start();
    const { pid } = trainer;
    const nowhere = request({ datasetPath: join(folder, 'none.csv') });
    expect(await refusal(trainer.train(nowhere))).toContain('DATA_FILE_UNREADABLE cannot read');
    const wild = request();
    const local = {
      ...wild.local,
      steps: 50,
      optimizer: { sgd: { learningRate: 1e38, momentum: 0.9 } },
    };
    expect(await refusal(trainer.train({ ...wild, local }))).toContain('ENGINE_DIVERGED');
    expect((await trainer.train(request())).numExamples).toBe(3);
    expect(trainer.pid).toBe(pid);
  });

  it('a killed process costs no request: a fresh one begins it again, to the same bits', async () => {
    const crashes: string[] = [];
    const trainer = trainerOf({ onCrash: ({ message }) => crashes.push(message) });
    const expected = await trainer.train(request({}, 2_000));
    for (let kills = 1; kills <= 2; kills++) {
      const { pid } = trainer;
      const running = trainer.train(request({}, 2_000));
      setImmediate(() => process.kill(pid ?? 0, 'SIGKILL'));
      expect(await running).toEqual(expected);
      expect(crashes).toHaveLength(kills);
      expect(crashes.at(-1)).toBe('the training process ended with SIGKILL');
      expect(trainer.pid).not.toBe(pid);
    }
  });

  it('a request that ends every process is ENGINE_CRASHED after the third', async () => {
    const crashes: string[] = [];
    const trainer = await trainerRunning(
      'process.send({ kind: "ready" }); process.on("message", () => process.exit(3))',
      { onCrash: ({ message }) => crashes.push(message) },
    );
    expect(await refusal(trainer.train(request()))).toBe(
      'ENGINE_CRASHED the training process ended with exit code 3',
    );
    expect(crashes).toHaveLength(2);
  });

  it('an abort kills the process and rejects with its reason', async () => {
    const trainer = trainerOf();
    await trainer.start();
    const pid = trainer.pid ?? 0;
    const reason = new Error('the round is over');
    const controller = new AbortController();
    const running = trainer.train(request({ signal: controller.signal }, 10_000_000));
    setImmediate(() => controller.abort(reason));
    await expect(running).rejects.toBe(reason);
    expect((await trainer.train(request())).numExamples).toBe(3);
    expect(trainer.pid).not.toBe(pid);
    expect(isAlive(pid)).toBe(false);
  });

  it('a request that takes too long is ENGINE_TIMEOUT', async () => {
    const trainer = trainerOf({ timeoutMs: 1000 });
    expect(await refusal(trainer.train(request({}, 10_000_000)))).toBe(
      'ENGINE_TIMEOUT training took longer than 1000 ms',
    );
    expect((await trainer.train(request())).numExamples).toBe(3);
  });

  it('a process that dies tells its last words', async () => {
    const trainer = await trainerRunning('throw new Error("no such engine")');
    expect(await refusal(trainer.start())).toMatch(
      /^ENGINE_CRASHED the training process ended with exit code 1: [^]*no such engine/,
    );
  });

  it('a process that never gets ready is ENGINE_UNAVAILABLE', async () => {
    const trainer = await trainerRunning('setInterval(() => {}, 1000)', { startTimeoutMs: 300 });
    expect(await refusal(trainer.start())).toContain('ENGINE_UNAVAILABLE');
    expect(trainer.pid).toBeUndefined();
  });

  it('a process that speaks nonsense is not believed', async () => {
    const trainer = await trainerRunning('process.send("hello"); setInterval(() => {}, 1000)');
    expect(await refusal(trainer.start())).toContain('a message that is no answer');
  });

  it('shows its process nothing of this environment', async () => {
    const names = 'Object.keys(process.env).filter((name) => !name.startsWith("NODE_CHANNEL"))';
    const trainer = await trainerRunning(`throw new Error(JSON.stringify(${names}))`);
    expect(await refusal(trainer.start())).toContain('Error: []');
  });

  it('replaces a process that has grown', async () => {
    const trainer = trainerOf({ maxRssBytes: 1 });
    await trainer.start();
    const { pid } = trainer;
    expect((await trainer.train(request())).numExamples).toBe(3);
    expect(trainer.pid).toBeUndefined();
    expect((await trainer.train(request())).numExamples).toBe(3);
    expect(trainer.pid).not.toBe(pid);
  });

  it('bounds the requests that wait', async () => {
    const trainer = trainerOf();
    const all = Array.from({ length: MAX_WAITING + 1 }, () => refusal(trainer.train(request())));
    expect(
      (await Promise.all(all)).filter((text) => text.startsWith('INTERNAL_OVERFLOW')),
    ).toHaveLength(1);
  });

  it('closing ends what runs, what waits and the process', async () => {
    const trainer = trainerOf();
    await trainer.start();
    const pid = trainer.pid ?? 0;
    const requests = [1, 2].map(() => refusal(trainer.train(request({}, 10_000_000))));
    await new Promise((resolve) => setImmediate(resolve));
    await trainer.close();
    for (const text of await Promise.all(requests)) expect(text).toContain('it was closed');
    expect(isAlive(pid)).toBe(false);
    expect(await refusal(trainer.train(request()))).toContain('it was closed');
  });
});
