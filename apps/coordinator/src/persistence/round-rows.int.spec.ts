import { asHash, asRunId, type Hash, toHex, ZERO_HASH } from '@tallystick/kernel';
import { VirtualClock } from '@tallystick/kernel/testing';
import { TASK } from '@tallystick/record';
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestPostgres, type TestPostgres } from '../testing/test-postgres.js';
import { RoundEntity, RunEntity } from './entities/index.js';
import { EventFeed } from './event-feed.js';
import { databaseOptions, openDatabase } from './open-database.js';
import { RoundRows } from './round-rows.js';
import { UnitOfWork } from './unit-of-work.js';

const hash = (byte: string): Hash => asHash(byte.repeat(32));
const STATE = hash('5a');

describe('RoundRows.isSharedState', () => {
  let postgres: TestPostgres;
  let source: DataSource;
  let rows: RoundRows;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    source = await openDatabase(databaseOptions(await postgres.database()));
    rows = new RoundRows(new UnitOfWork(source, new EventFeed(), new VirtualClock()));
  });
  afterAll(async () => {
    await source.destroy();
    await postgres.stop();
  });
  beforeEach(() => source.query('TRUNCATE runs CASCADE'));

  /** A run of this spec with one open round, whose task names `state`. */
  async function open(id: number, spec: object, state: Hash): Promise<void> {
    const run = asRunId(id);
    await source.manager.insert(RunEntity, {
      ...{ id: run, name: 'digits', specHash: hash('01'), spec: JSON.stringify(spec) },
      ...{ genesisModel: hash('02'), model: hash('02'), pot: 0n },
      ...{ status: 'running', lastEvent: 0, createdAt: new Date(0) },
    });
    const task = TASK.encode({
      ...{ chain: hash('03'), run, round: 7, prev: hash('04'), spec: hash('01') },
      ...{ model: hash('02'), state, atBlock: 1, atHash: hash('05') },
      ...{ cohortRoot: hash('06'), cohort: 2, unit: 1n, deadlineMs: 1n },
    });
    await source.manager.insert(RoundEntity, {
      ...{ runId: run, round: 7, task: toHex(task), openedAt: new Date(0) },
      ...{ cohort: '00', cohortKeys: '00' },
    });
  }

  it('is true while a SCAFFOLD round that names it is open, and never of another state', async () => {
    await open(1, { strategy: { scaffold: { serverLearningRate: 1 } } }, STATE);
    expect(await rows.isSharedState(STATE)).toBe(true);
    expect(await rows.isSharedState(hash('5b'))).toBe(false);
    const closed = {
      ...{ header: '00', headerHash: hash('07'), modelAfter: hash('08'), exclusions: '' },
      ...{ metrics: '{}', closedAt: new Date(0) },
    };
    await source.manager.update(RoundEntity, { round: 7 }, closed);
    expect(await rows.isSharedState(STATE)).toBe(false);
  });

  it('is false for the state of any other strategy', async () => {
    const spec = { name: '"strategy":{"scaffold":{}}', strategy: { fedAdam: { scaffold: 1 } } };
    await open(2, spec, STATE);
    expect(await rows.isSharedState(STATE)).toBe(false);
  });

  it('is false for no state at all', async () => {
    await open(3, { strategy: { scaffold: {} } }, ZERO_HASH);
    expect(await rows.isSharedState(ZERO_HASH)).toBe(false);
  });
});
