import type { RoundLedger } from '@tallystick/chain';
import type { Clock } from '@tallystick/kernel';
import type { Metrics } from '@tallystick/telemetry';
import type { DatabasePool } from '../persistence/database-pool.js';
import type { OutboxRows } from '../persistence/outbox-rows.js';
import type { Readiness } from '../readiness.js';
import type { RoundDirectory } from '../rounds/round-directory.js';
import type { Disk } from './disk-space.js';

export interface OperatorGaugesDeps {
  readonly metrics: Metrics;
  readonly leader: { readonly leads: boolean };
  readonly readiness: Readiness;
  readonly directory: Pick<RoundDirectory, 'statuses'>;
  readonly outbox: Pick<OutboxRows, 'depth'>;
  readonly ledger: Pick<RoundLedger, 'finalized'>;
  readonly pool: Pick<DatabasePool, 'counts'>;
  readonly disks: readonly Disk[];
  readonly clock: Clock;
}

/**
 * What an operator watches and nobody counts on the way: read when Prometheus scrapes, and what cannot be read
 * then stays as it was. Rooms in trouble are shown one by one, so that an alert can name them.
 */
export function operatorGauges(deps: OperatorGaugesDeps): void {
  readLead(deps);
  readRounds(deps);
  readLedger(deps);
  readPool(deps);
  readDisks(deps);
}

function readLead({ metrics, leader, readiness }: OperatorGaugesDeps): void {
  const leads = metrics.gauge('tally_leader_info', '1 at the coordinator that leads.');
  const trouble = metrics.gauge(
    'tally_trouble_info',
    '1 for each room that /ready complains about.',
    ['room'],
  );
  const seen = new Set<string>();
  metrics.collect(async () => {
    leads.set({}, leader.leads ? 1 : 0);
    const now = await readiness.troubles();
    for (const room of Object.keys(now)) seen.add(room);
    for (const room of seen) trouble.set({ room }, room in now ? 1 : 0);
  });
}

function readRounds({ metrics, directory }: OperatorGaugesDeps): void {
  const open = metrics.gauge('tally_open_rounds', 'Rounds that collect updates here.');
  const waiting = metrics.gauge('tally_awaited_nodes', 'Nodes that open rounds wait for.');
  const held = metrics.gauge('tally_held_runs', 'Runs that wait for something without a round.');
  metrics.collect(() => {
    const all = directory.statuses();
    open.set({}, all.filter(({ phase }) => phase === 'collecting').length);
    waiting.set(
      {},
      all.reduce((sum, { waitingFor }) => sum + waitingFor.length, 0),
    );
    held.set({}, all.filter(({ waitingBecause }) => waitingBecause !== undefined).length);
  });
}

function readLedger({ metrics, outbox, ledger, clock }: OperatorGaugesDeps): void {
  const rounds = metrics.gauge('tally_outbox_rounds', 'Closed rounds that are not final.');
  const age = metrics.gauge(
    'tally_outbox_oldest_seconds',
    'Since when the oldest closed round waits to be final.',
  );
  const blocks = metrics.gauge('tally_chain_finalized_blocks', 'Number of the newest final block.');
  metrics.collect(async () => {
    const { waiting, oldest } = await outbox.depth();
    rounds.set({}, waiting);
    age.set({}, oldest === null ? 0 : Math.max(0, clock.nowMs() - oldest.getTime()) / 1_000);
  });
  metrics.collect(async () => blocks.set({}, (await ledger.finalized()).number));
}

function readPool({ metrics, pool }: OperatorGaugesDeps): void {
  const connections = metrics.gauge(
    'tally_database_pool_connections',
    'Database connections by what they do; `waiting` are callers without one.',
    ['state'],
  );
  metrics.collect(() => {
    const { busy, idle, waiting } = pool.counts();
    connections.set({ state: 'busy' }, busy);
    connections.set({ state: 'idle' }, idle);
    connections.set({ state: 'waiting' }, waiting);
  });
}

function readDisks({ metrics, disks }: OperatorGaugesDeps): void {
  const free = metrics.gauge('tally_disk_free_bytes', 'Free bytes below a folder.', ['folder']);
  const size = metrics.gauge('tally_disk_size_bytes', 'Bytes of the disk below it.', ['folder']);
  for (const { name: folder, space } of disks) {
    metrics.collect(async () => {
      const { freeBytes, totalBytes } = await space();
      free.set({ folder }, freeBytes);
      size.set({ folder }, totalBytes);
    });
  }
}
