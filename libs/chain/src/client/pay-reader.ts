import {
  type AccountId,
  asNodeId,
  asOrganisationId,
  asPublicKey,
  asRunId,
  type Hash,
  type NodeId,
  type RunId,
} from '@tallystick/kernel';
import { accountAt } from './account-json.js';
import type { OpenDemand } from './demand-ledger.js';
import { bigintAt, hashAt, type Json, numberAt, objectAt, stringAt } from './json.js';
import type { AnchoredEpoch, ChainRun, CoordinatorKey, Payee, PayoutTerms } from './pay-ledger.js';
import type { Snapshots } from './snapshots.js';
import { itemOf, timeOf } from './storage-item.js';

/** Reads of pots, epochs, payments and demands at one finalised block. */
export class PayReader {
  readonly #snapshots: Snapshots;

  constructor(snapshots: Snapshots) {
    this.#snapshots = snapshots;
  }

  async runCount(at: Hash): Promise<number> {
    return Number(await this.#read(at, 'nextRun'));
  }

  async chainRun(run: RunId, at: Hash): Promise<ChainRun | undefined> {
    const value = await this.#read(at, 'runs', run);
    return value === null ? undefined : runOf(objectAt(value, 'tally.runs'));
  }

  async epoch(run: RunId, epoch: number, at: Hash): Promise<AnchoredEpoch | undefined> {
    const value = await this.#read(at, 'epochs', run, epoch);
    return value === null ? undefined : epochOf(objectAt(value, 'tally.epochs'));
  }

  async paid(run: RunId, account: AccountId, at: Hash): Promise<bigint> {
    return bigintAt({ paid: await this.#read(at, 'paid', run, `0x${account}`) }, 'paid');
  }

  /** What an account can spend. */
  async free(account: AccountId, at: Hash): Promise<bigint> {
    const { query } = await this.#snapshots.at(at);
    const stored = objectAt(
      (await query['system']?.['account']?.(`0x${account}`))?.toJSON(),
      'system.account',
    );
    return bigintAt(objectAt(stored['data'], 'data'), 'free');
  }

  async payees(nodes: readonly NodeId[], at: Hash): Promise<ReadonlyMap<NodeId, Payee>> {
    const found = nodes.map(async (node) => {
      const stored = objectAt(await this.#read(at, 'nodes', node), 'tally.nodes');
      const organisation = asOrganisationId(numberAt(stored, 'organisation'));
      const value = await this.#read(at, 'organisations', organisation);
      const account = accountAt(objectAt(value, 'tally.organisations'), 'payout');
      return [node, { organisation, account }] as const;
    });
    return new Map(await Promise.all(found));
  }

  async chainTimeMs(at: Hash): Promise<bigint> {
    return timeOf(await this.#snapshots.at(at));
  }

  /** Of every run. */
  async allDemands(at: Hash): Promise<readonly OpenDemand[]> {
    const runs = Array.from({ length: await this.runCount(at) }, (_, run) => asRunId(run));
    if (runs.length === 0) return [];
    const open = await itemOf(await this.#snapshots.at(at), 'openDemands').multi([...runs]);
    const asked = runs.filter((_, i) => open[i]?.isEmpty === false);
    return (await Promise.all(asked.map((run) => this.openDemands(run, at)))).flat();
  }

  async openDemands(run: RunId, at: Hash): Promise<readonly OpenDemand[]> {
    const open = await this.#read(at, 'openDemands', run);
    const pairs: readonly unknown[] = Array.isArray(open) ? open : [];
    const found = pairs.map(async (pair): Promise<readonly OpenDemand[]> => {
      const [round, demand] = Array.isArray(pair) ? pair.map(Number) : [];
      if (round === undefined || demand === undefined) return [];
      const value = await this.#read(at, 'demands', run, round, demand);
      if (value === null) return [];
      return [demandOf({ run, round, demand }, objectAt(value, 'tally.demands'))];
    });
    return (await Promise.all(found)).flat();
  }

  async #read(at: Hash, name: string, ...keys: readonly unknown[]): Promise<unknown> {
    const snapshot = await this.#snapshots.at(at);
    return (await itemOf(snapshot, name)(...keys)).toJSON();
  }
}

const STATUS: Readonly<Record<string, ChainRun['status']>> = {
  Proposed: 'proposed',
  Open: 'open',
  Halted: 'halted',
  Closed: 'closed',
};

const POLICY: Readonly<Record<string, PayoutTerms['policy']>> = {
  Weight: 'weight',
  Equal: 'equal',
  Contribution: 'contribution',
};

const EPOCH_STATUS: Readonly<Record<string, AnchoredEpoch['status']>> = {
  Settled: 'settled',
  Objected: 'objected',
  Void: 'void',
};

/** The value of a fieldless Rust enum; what is not in `names` is read as the last one, `fallback`. */
function named<T>(json: Json, field: string, names: Readonly<Record<string, T>>, fallback: T): T {
  return names[stringAt(json, field)] ?? fallback;
}

function runOf(json: Json): ChainRun {
  const payout = objectAt(json['payout'], 'payout');
  return {
    owner: accountAt(json, 'owner'),
    coordinator: accountAt(json, 'coordinator'),
    coordinatorKeys: keysOf(json['coordinatorKeys']),
    spec: hashAt(json, 'spec'),
    genesisModel: hashAt(json, 'genesisModel'),
    status: named(json, 'status', STATUS, 'closed'),
    payout: {
      policy: named(payout, 'policy', POLICY, 'contribution'),
      epochRounds: numberAt(payout, 'epochRounds'),
      epochBudget: bigintAt(payout, 'epochBudget'),
      capPpm: numberAt(payout, 'capPpm'),
    },
    funded: bigintAt(json, 'funded'),
    allotted: bigintAt(json, 'allotted'),
    paid: bigintAt(json, 'paid'),
    epoch: numberAt(json, 'epoch'),
    epochHead: hashAt(json, 'epochHead'),
    settledRounds: numberAt(json, 'settledRounds'),
    nextRound: numberAt(json, 'nextRound'),
    challengeMs: bigintAt(objectAt(json['windows'], 'windows'), 'challengeMs'),
  };
}

function keysOf(value: unknown): readonly CoordinatorKey[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return list.map((entry) => {
    const json = objectAt(entry, 'coordinatorKeys');
    const key = asPublicKey(stringAt(json, 'key').replace(/^0x/, ''));
    return { fromRound: numberAt(json, 'fromRound'), key };
  });
}

function epochOf(json: Json): AnchoredEpoch {
  return {
    record: hashAt(json, 'record'),
    root: hashAt(json, 'root'),
    accounts: numberAt(json, 'accounts'),
    total: bigintAt(json, 'total'),
    firstRound: numberAt(json, 'firstRound'),
    lastRound: numberAt(json, 'lastRound'),
    settledAtMs: bigintAt(json, 'settledAtMs'),
    status: named(json, 'status', EPOCH_STATUS, 'void'),
  };
}

function demandOf(place: Pick<OpenDemand, 'run' | 'round' | 'demand'>, json: Json): OpenDemand {
  const wanted = objectAt(json['wanted'], 'wanted');
  const receipt = wanted['receipt'];
  return {
    ...place,
    challenger: accountAt(json, 'challenger'),
    deadlineMs: bigintAt(json, 'deadlineMs'),
    wanted:
      receipt === undefined
        ? { kind: 'leaf', index: numberAt(wanted, 'leaf') }
        : {
            kind: 'receipt',
            node: asNodeId(numberAt(objectAt(receipt, 'receipt'), 'node')),
            receipt: hashAt(objectAt(receipt, 'receipt'), 'receipt'),
          },
  };
}
