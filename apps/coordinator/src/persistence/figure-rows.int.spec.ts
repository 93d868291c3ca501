import { asHash, asRunId, type Hash } from '@tallystick/kernel';
import { VirtualClock } from '@tallystick/kernel/testing';
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestPostgres, type TestPostgres } from '../testing/test-postgres.js';
import { RunEntity } from './entities/index.js';
import { EventFeed } from './event-feed.js';
import { FigureRows } from './figure-rows.js';
import { databaseOptions, openDatabase } from './open-database.js';
import { UnitOfWork } from './unit-of-work.js';

const hash = (byte: string): Hash => asHash(byte.repeat(32));
const ROUNDS = 5_000;
const SITES = 8;

/** Rounds of run 1 that took 700 ms each, with the update of every site and what it reported. */
const FILL = [
  `INSERT INTO rounds (run_id, round, task, cohort, cohort_keys, opened_at, header, header_hash, model_after, exclusions, metrics, closed_at)
   SELECT 1, n, '\\x00', '\\x00', '\\x00', 'epoch'::timestamptz + n * interval '1 s', '\\x00', '\\x00', '\\x00', '', '{"lossBefore":' || n || '}',
     'epoch'::timestamptz + n * interval '1 s' + interval '700 ms' FROM generate_series(0, ${ROUNDS - 1}) AS n`,
  `INSERT INTO evaluations (run_id, round, node_id, model, num_examples, metrics, reported_at)
   SELECT 1, n, s, '\\x00', s + 1, jsonb_build_object('accuracy', s * 10), 'epoch' FROM generate_series(0, ${ROUNDS - 1}) AS n, generate_series(0, ${SITES - 1}) AS s`,
  `INSERT INTO events (run_id, number, type, round, node_id, detail, at)
   SELECT 1, n * ${SITES} + s + 1, 'update.accepted', n, s, '{"updateBytes":"120"}', 'epoch'::timestamptz + n * interval '1 s' + (s + 1) * interval '10 ms'
   FROM generate_series(0, ${ROUNDS - 1}) AS n, generate_series(0, ${SITES - 1}) AS s`,
];

describe('FigureRows over 5,000 rounds of 8 sites', () => {
  let postgres: TestPostgres;
  let source: DataSource;
  let figures: FigureRows;
  const span = { run: asRunId(1), from: 0, limit: ROUNDS };

  beforeAll(async () => {
    postgres = await startTestPostgres();
    source = await openDatabase(databaseOptions(await postgres.database()));
    figures = new FigureRows(new UnitOfWork(source, new EventFeed(), new VirtualClock()));
    await source.manager.insert(RunEntity, {
      ...{ id: asRunId(1), name: 'long', specHash: hash('01'), spec: '{}', pot: 0n },
      ...{ genesisModel: hash('02'), model: hash('02'), status: 'running', lastEvent: 0 },
      createdAt: new Date(0),
    });
    for (const sql of FILL) await source.query(sql);
  });
  afterAll(async () => {
    await source.destroy();
    await postgres.stop();
  });

  it('reads times, bytes and losses as columns', async () => {
    const times = await figures.times(span);
    expect(times).toHaveLength(ROUNDS);
    expect(times[4_999]).toEqual({
      ...{ round: 4_999, opened_ms: 4_999_000, closed_ms: 4_999_700, first_ms: 10, last_ms: 80 },
      ...{ commit_ms: null, loss_before: 4_999, loss_after: null, bytes: 960 },
    });
  });

  it('weights the mean by examples, over all sites', async () => {
    const spread = await figures.spread({ ...span, from: 7, limit: 1 }, 'accuracy');
    const weighted = (10 * (1 * 2 + 2 * 3 + 3 * 4 + 4 * 5 + 5 * 6 + 6 * 7 + 7 * 8)) / 36;
    expect(spread).toEqual([{ round: 7, mean: Math.round(weighted), low: 0, high: 70 }]);
  });

  it('is quick enough for a page', async () => {
    const startMs = performance.now();
    expect(await figures.metricNames(span.run)).toEqual(['accuracy']);
    await figures.times(span);
    await figures.spread(span, 'accuracy');
    const curves = await figures.siteCurves(span, 'accuracy');
    const tookMs = performance.now() - startMs;
    expect(curves).toHaveLength(SITES);
    expect(curves[3]?.points.at(-1)).toEqual([4_999, 30]);
    process.stderr.write(`curves of ${ROUNDS} × ${SITES}: ${tookMs.toFixed(0)} ms\n`);
    expect(tookMs).toBeLessThan(2_000);
  });
});
