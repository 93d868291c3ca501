import { asRunId, type RunId, TallyError } from '@tallystick/kernel';
import { MemoryLogger, SeededEntropy, VirtualClock } from '@tallystick/kernel/testing';
import type { Offer } from '@tallystick/rounds';
import type { Answer, SiteEvaluation } from '@tallystick/site';
import { TestCoordinator, testHash } from '@tallystick/site/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { BackOff } from './back-off.js';
import { type Courier, JobDesk } from './job-desk.js';

/** An agent whose answers a test lets go one by one. */
class StepAgent {
  readonly started: string[] = [];
  readonly aborted: string[] = [];
  failures: Error[] = [];
  #gates: (() => void)[] = [];

  async answer(offer: Offer, signal: AbortSignal): Promise<Answer> {
    const { run, round } = offer.task.task;
    const name = `train ${run}/${round}`;
    this.started.push(name);
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    await this.#gate(name, signal);
    const wire = '00';
    return { kind: 'decline', run, round, wire, code: 'ENGINE_DIVERGED', message: name };
  }

  async evaluate(run: RunId, model: string, signal: AbortSignal): Promise<SiteEvaluation> {
    const name = `evaluate ${run}/${model.slice(0, 4)}`;
    this.started.push(name);
    await this.#gate(name, signal);
    return { numExamples: 1, metrics: {} };
  }

  /** Lets the job at work go on. */
  step(): void {
    this.#gates.shift()?.();
  }

  #gate(name: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#gates.push(resolve);
      signal.addEventListener('abort', () => {
        this.aborted.push(name);
        this.#gates = this.#gates.filter((gate) => gate !== resolve);
        reject(new Error('aborted'));
      });
    });
  }
}

describe('JobDesk', () => {
  let agent: StepAgent;
  let clock: VirtualClock;
  let logger: MemoryLogger;
  let desk: JobDesk;
  let delivered: string[];
  let courier: Courier;
  beforeEach(() => {
    agent = new StepAgent();
    clock = new VirtualClock();
    logger = new MemoryLogger();
    delivered = [];
    const backOff = (): BackOff => new BackOff(new SeededEntropy());
    desk = new JobDesk({ agent, clock, logger, backOff });
    courier = {
      deliver: async ({ run, round }) => void delivered.push(`${run}/${round}`),
      report: async ({ run, round }) => void delivered.push(`evaluation ${run}/${round}`),
    };
    desk.attach(courier);
  });

  function offer(run: number, round = 0): Offer {
    const bench = new TestCoordinator({ spec: testHash('s'), model: testHash('m'), run });
    return bench.offer({ round });
  }

  it('never leaves an offer lying that comes just as the last job ends', async () => {
    for (let turns = 0; turns < 30; turns++) {
      const answer = agent.answer.bind(agent);
      const evaluate = (): Promise<never> => Promise.reject(new TallyError('POLICY_WITHDRAWN'));
      const backOff = (): BackOff => new BackOff(new SeededEntropy());
      desk = new JobDesk({ agent: { answer, evaluate }, clock, logger, backOff });
      desk.attach(courier);
      desk.evaluate({ run: asRunId(1), round: 0, model: testHash('m') });
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      desk.offer(offer(turns));
      await clock.advance(0);
      agent.step();
      await desk.stop();
    }
    expect(agent.started).toHaveLength(30);
  });

  it('works on offers of several runs one at a time, in order', async () => {
    for (const run of [0, 1, 2]) desk.offer(offer(run));
    await clock.advance(0);
    expect(agent.started).toEqual(['train 0/0']);
    for (let i = 0; i < 3; i++) {
      agent.step();
      await clock.advance(0);
    }
    expect(agent.started).toEqual(['train 0/0', 'train 1/0', 'train 2/0']);
    expect(delivered).toEqual(['0/0', '1/0', '2/0']);
  });

  it('queues a task once, and delivers the one at work again when it is offered again', async () => {
    desk.offer(offer(0));
    desk.offer(offer(1));
    desk.offer(offer(1));
    await clock.advance(0);
    desk.offer(offer(0));
    for (let i = 0; i < 4; i++) {
      agent.step();
      await clock.advance(0);
    }
    expect(delivered).toEqual(['0/0', '0/0', '1/0']);
  });

  it('drops work on a round that has closed, done or waiting', async () => {
    desk.offer(offer(0, 3));
    desk.offer(offer(1, 3));
    desk.offer(offer(0, 4));
    await clock.advance(0);
    desk.closed(asRunId(0), 3);
    desk.closed(asRunId(1), 5);
    await clock.advance(0);
    expect(agent.aborted).toEqual(['train 0/3']);
    expect(agent.started).toEqual(['train 0/3', 'train 0/4']);
    agent.step();
    await clock.advance(0);
    expect(delivered).toEqual(['0/4']);
  });

  it('measures the newest model of a run only', async () => {
    desk.offer(offer(0));
    await clock.advance(0);
    for (const round of [0, 1, 2]) {
      desk.evaluate({ run: asRunId(1), round, model: testHash(`m${round}`) });
    }
    desk.evaluate({ run: asRunId(2), round: 0, model: testHash('other') });
    for (let i = 0; i < 3; i++) {
      agent.step();
      await clock.advance(0);
    }
    expect(delivered).toEqual(['0/0', 'evaluation 1/2', 'evaluation 2/0']);
  });

  it('tries again what may pass, with growing delays, and gives up after eight times', async () => {
    agent.failures = Array.from(
      { length: 20 },
      () => new TallyError('NET_UNREACHABLE', { url: 'u', reason: 'r' }),
    );
    desk.offer(offer(0));
    await clock.advance(100);
    expect(agent.started).toHaveLength(1);
    await clock.advance(200);
    expect(agent.started).toHaveLength(2);
    await clock.advance(60_000);
    expect(agent.started).toHaveLength(8);
    expect(clock.pending).toBe(0);
  });

  it('does not repeat what cannot pass', async () => {
    agent.failures = [new TallyError('AUTH_RECORD_SIGNATURE', { record: 'task', reason: 'r' })];
    desk.offer(offer(0));
    desk.offer(offer(1));
    await clock.advance(60_000);
    expect(agent.started).toEqual(['train 0/0', 'train 1/0']);
    expect(logger.lines[0]).toMatchObject({
      event: 'job.failed',
      fields: { code: 'AUTH_RECORD_SIGNATURE' },
    });
  });

  it('leaves an answer nobody can carry to the next offer', async () => {
    desk.offer(offer(0));
    desk.detach(courier);
    await clock.advance(0);
    agent.step();
    await clock.advance(0);
    expect(delivered).toEqual([]);
    desk.attach(courier);
    desk.offer(offer(0));
    await clock.advance(0);
    agent.step();
    await clock.advance(0);
    expect(delivered).toEqual(['0/0']);
  });

  it('is bounded', async () => {
    for (let run = 0; run < 40; run++) desk.offer(offer(run));
    await clock.advance(0);
    for (let i = 0; i < 40; i++) {
      agent.step();
      await clock.advance(0);
    }
    expect(delivered.length).toBeLessThanOrEqual(33);
    expect(logger.lines.some(({ event }) => event === 'jobs.full')).toBe(true);
  });

  it('stops what runs and forgets what waits', async () => {
    desk.offer(offer(0));
    desk.offer(offer(1));
    await clock.advance(0);
    await desk.stop();
    desk.offer(offer(2));
    await clock.advance(0);
    expect(agent.aborted).toEqual(['train 0/0']);
    expect(agent.started).toEqual(['train 0/0']);
  });
});
