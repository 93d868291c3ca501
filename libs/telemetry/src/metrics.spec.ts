import { describe, expect, it } from 'vitest';
import { Metrics } from './metrics.js';

describe('Metrics', () => {
  it('writes what Prometheus reads', async () => {
    const metrics = new Metrics();
    const updates = metrics.counter('tally_updates_total', 'Updates received.', ['verdict']);
    updates.add({ verdict: 'accepted' });
    updates.add({ verdict: 'accepted' }, 2);
    metrics.gauge('tally_fleet_connections', 'Open sessions.').set({}, 4);
    metrics.histogram('tally_fold_seconds', 'Time to fold an update.').observe({}, 0.02);
    const text = await metrics.text();
    expect(text).toContain('tally_updates_total{verdict="accepted"} 3');
    expect(text).toContain('tally_fleet_connections 4');
    expect(text).toContain('tally_fold_seconds_bucket{le="0.03"} 1');
    expect(metrics.contentType).toContain('text/plain');
  });

  it.each(['tally_Updates_total', 'tally__total', 'tally_x-y_total'] as const)(
    'refuses the name %s',
    (name) => {
      expect(() => new Metrics().counter(name, 'Some.')).toThrow(name);
    },
  );

  it.each(['node', 'nodeId', 'run', 'address', 'publicKey'])('refuses the label %s', (label) => {
    expect(() => new Metrics().counter('tally_a_total', 'Some.', [label])).toThrow(label);
  });

  it('refuses names without a prefix or a unit already when compiling', () => {
    const metrics = new Metrics();
    // @ts-expect-error no prefix
    expect(() => metrics.counter('updates_total', 'Some.')).toThrow('tally_');
    // @ts-expect-error no unit
    expect(() => metrics.gauge('tally_updates_many', 'Some.')).toThrow('tally_');
    const counter = metrics.counter('tally_b_total', 'Some.', ['verdict']);
    // @ts-expect-error not a label of it
    expect(() => counter.add({ other: 'x' })).toThrow();
  });

  it('keeps the number of series bounded', async () => {
    const metrics = new Metrics();
    const counter = metrics.counter('tally_a_total', 'Some.', ['code']);
    for (let i = 0; i < 1_000; i++) counter.add({ code: `C${i}` });
    const text = await metrics.text();
    expect(text.match(/^tally_a_total\{/gm)).toHaveLength(101);
    expect(text).toContain('tally_a_total{code="other"} 900');
  });

  it('observes the process under our prefix', async () => {
    const metrics = new Metrics();
    metrics.observeProcess();
    const names = (await metrics.text()).match(/^[a-z]\w+/gm) ?? [];
    expect(names.filter((name) => !name.startsWith('tally_'))).toEqual([]);
    expect(names).toContain('tally_process_resident_memory_bytes');
  });
});
