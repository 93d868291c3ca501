import { fetchStorage, type RoundLedger } from '@tallystick/chain';
import { ScaleReader, storageKey } from '@tallystick/chain/proof';
import type { LedgerView } from '@tallystick/protocol';
import type { OutboxEntity } from '../persistence/entities/index.js';
import type { OutboxRows } from '../persistence/outbox-rows.js';

/** Rounds whose cost is shown. */
const SHOWN = 50;
const NOW = storageKey('Timestamp', 'Now');

export interface LedgerViewDeps {
  readonly ledger: Pick<RoundLedger, 'finalized' | 'genesis'>;
  readonly chainUrl: string;
  readonly outbox: Pick<OutboxRows, 'depth' | 'carried'>;
}

/** The read side of the ledger: how far the chain is, what waits for it, what rounds cost on it. */
export class LedgerViews {
  readonly #deps: LedgerViewDeps;

  constructor(deps: LedgerViewDeps) {
    this.#deps = deps;
  }

  /** Throws LEDGER_UNREACHABLE. */
  async view(): Promise<LedgerView> {
    const { ledger, chainUrl, outbox } = this.#deps;
    const [genesis, { number, hash }] = await Promise.all([ledger.genesis(), ledger.finalized()]);
    const time = await fetchStorage(chainUrl, NOW, hash);
    const { waiting, oldest } = await outbox.depth();
    return {
      genesis,
      finalized: { block: number, hash, atMs: time === undefined ? 0 : msIn(time) },
      outbox: { waiting, oldestAtMs: oldest?.getTime() ?? null },
      costs: costsOf(await outbox.carried(SHOWN)),
    };
  }
}

/** Milliseconds of the chain's time; genesis has none. */
function msIn(bytes: Uint8Array): number {
  return Number(new ScaleReader(bytes).u64());
}

/** A transaction is shared equally by the rounds that it carries, as far as they are among the `rows`. */
function costsOf(rows: readonly OutboxEntity[]): LedgerView['costs'] {
  return rows.map((row) => {
    const shared = rows.filter(({ extrinsicHash }) => extrinsicHash === row.extrinsicHash).length;
    const bytes = Math.round((row.extrinsic?.length ?? 0) / 2 / shared);
    const waitedMs = Math.max(0, (row.finalAt?.getTime() ?? 0) - row.queuedAt.getTime());
    const { runId: run, round, block } = row;
    return { run, round, block, bytes: String(bytes), waitedMs };
  });
}
