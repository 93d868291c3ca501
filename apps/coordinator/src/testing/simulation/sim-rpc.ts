import type { RoundLedger } from '@tallystick/chain';
import { TallyError } from '@tallystick/kernel';
import type { Sim } from './sim.js';
import type { SimChain } from './sim-chain.js';
import type { SimProcess } from './sim-process.js';

/** When the chain's RPC is out of reach, for every client. */
export class Reach {
  #awayUntilMs = 0;

  isAway(nowMs: number): boolean {
    return nowMs < this.#awayUntilMs;
  }

  cut(nowMs: number, ms: number): void {
    this.#awayUntilMs = nowMs + ms;
  }
}

/** The chain as one process reaches it, with the nonces that this process keeps. */
export function rpcOf(
  sim: Sim,
  { chain, reach }: { readonly chain: SimChain; readonly reach: Reach },
  client: SimProcess,
): RoundLedger {
  const { clock, faults, random, trace } = sim;
  let next: number | undefined;
  const call = <T>(effect: () => T | Promise<T>): Promise<T> => {
    const ms = faults.strikes('chain.slow') ? random.between(200, 5_000) : random.between(1, 6);
    return client.later(ms, () => {
      if (reach.isAway(clock.nowMs())) throw unreachable();
      return effect();
    });
  };
  const away: Partial<RoundLedger> = {
    genesis: () => call(() => chain.genesis()),
    finalized: () => call(() => chain.finalized()),
    eligible: () => call(() => chain.eligible()),
    consents: (run) => call(() => chain.consents(run)),
    anchored: (run) => call(() => chain.anchored(run)),
    committedIn: (run, round) => call(() => chain.committedIn(run, round)),
    round: (run, round) => call(() => chain.round(run, round)),
    voids: () => call(() => chain.voids()),
    commitOutcome: (commit) => call(() => chain.commitOutcome(commit)),
    prepareCommit: (rounds) =>
      call(() => {
        next ??= chain.nextIndex();
        return chain.sign(rounds, next++);
      }),
    resetNonces: () => {
      next = undefined;
      return Promise.resolve();
    },
    submitCommit: (commit) => {
      const isAckLost = faults.strikes('chain.ack-lost');
      return call(() => {
        trace.add(`submit ${commit.nonce} ${commit.hash}`);
        chain.submit(commit);
        if (isAckLost) throw unreachable();
      });
    },
  };
  return new Proxy<RoundLedger>(chain, {
    get: (target, name) => {
      const value: unknown = Reflect.get(away, name) ?? Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function unreachable(): TallyError {
  return new TallyError('LEDGER_UNREACHABLE', { url: 'simulated', reason: 'the socket broke' });
}
