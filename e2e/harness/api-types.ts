/** What these tests read of the REST API; written by hand, because they look from outside. */
export interface RoundView {
  readonly round: number;
  readonly status: 'anchoring' | 'committed' | 'void';
  readonly header: string;
  readonly modelBefore: string;
  readonly modelAfter: string;
  readonly included: number;
  readonly excluded: number;
  readonly sumWeight: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly evaluations: readonly { readonly node: number }[];
  readonly commit: {
    readonly block: number;
    readonly blockHash: string;
    readonly extrinsic: string;
  } | null;
}

export interface RunView {
  readonly run: number;
  readonly status: 'queued' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled';
  readonly reason: string | null;
  readonly spec: string;
  readonly model: string;
  readonly rounds: number;
  readonly closedRounds: number;
  readonly committedRounds: number;
  readonly voidRounds: number;
  readonly lastRound: number | null;
  readonly pot: string;
  readonly current: {
    readonly round: number;
    readonly phase: string;
    readonly included: number;
    readonly cohort: number;
    readonly waitingFor: readonly number[];
  } | null;
}

/** Last line of `tally demo --json` and, without processes, of `tally simulate --json`. */
export interface RunReport {
  readonly verdict: string;
  readonly rounds: number;
  readonly sites: readonly SiteReport[];
  readonly pooledAccuracy: number;
  readonly modelSha256: string;
  readonly roundModels: readonly string[];
  readonly chain: { readonly genesis: string; readonly head: string } | null;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

export interface SiteReport {
  readonly name: string;
  readonly train: number;
  readonly test: number;
  readonly accuracy: number;
  readonly localAccuracy: number;
}

export interface DemoReport extends RunReport {
  readonly anchors: unknown;
  readonly processes: readonly {
    readonly role: 'postgres' | 'chain' | 'coordinator' | 'node';
    readonly name: string;
    readonly pid: number;
    readonly startedAtMs: number;
  }[];
}

/** `tally rewards show`. */
export interface Rewards {
  readonly funded: string;
  readonly allotted: string;
  readonly paid: string;
  readonly claimable: number | null;
  readonly rewards: readonly { account: string; entitled: string; paid: string; due: string }[];
}
