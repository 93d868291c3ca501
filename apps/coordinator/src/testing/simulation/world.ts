import { InMemoryRoundLedger } from '@tallystick/chain';
import {
  asAccountId,
  asNodeId,
  type Hash,
  type RunId,
  type Signer,
  utf8,
} from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { SeededRandom, VirtualClock } from '@tallystick/kernel/testing';
import { canonicalJson, POP, signRecord } from '@tallystick/record';
import { genesisModel, InMemoryJournal, type RunPlan, strategyOf } from '@tallystick/rounds';
import type { Coverage } from './coverage.js';
import { Faults } from './faults.js';
import { FoldOracle } from './fold-oracle.js';
import type { Mutant } from './mutants.js';
import type { Schedule } from './schedule.js';
import type { Sim } from './sim.js';
import { SimChain } from './sim-chain.js';
import { SimCoordinator } from './sim-coordinator.js';
import { SimDatabase } from './sim-database.js';
import { SimNode } from './sim-node.js';
import { Reach } from './sim-rpc.js';
import { Skew } from './skew.js';
import { Trace } from './trace.js';
import { Watch } from './watch.js';

/** Once faults stop, a run ends within this: a dropped transaction alone is silent for two minutes, twice over. */
const BOUND_MS = 1_200_000;
/** A schedule has some thousands. */
const MAX_EVENTS = 100_000;
const WINDOWS = { challengeMs: 1n, settleMs: 1n, haltMs: 1n, maxTaskAgeBlocks: 1_024 };

interface Parts {
  readonly sim: Sim;
  readonly schedule: Schedule;
  readonly chain: SimChain;
  readonly database: SimDatabase;
  readonly coordinator: SimCoordinator;
  readonly nodes: readonly SimNode[];
}

/** A coordinator, its nodes, its database and its chain, in virtual time. */
export class World {
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  static async open(schedule: Schedule, coverage: Coverage, mutant: Mutant): Promise<World> {
    const { keys } = schedule;
    const clock = new VirtualClock();
    const random = new SeededRandom(schedule.seed + 2 ** 40);
    const trace = new Trace(() => clock.nowMs());
    const faults = new Faults(schedule.faults, { random, coverage, trace });
    const skew = new Skew(clock);
    const { plan, genesis } = await planOf(schedule);
    const oracle = new FoldOracle(genesis, strategyOf(plan.spec.strategy));
    const watch = new Watch(plan, oracle, () => skew.latestMs());
    const sim: Sim = { clock, random, trace, faults, watch };
    const watched = (seed: number): Signer => {
      const { key, sign } = keys.signer(seed);
      return {
        key,
        sign: (message) => {
          watch.signed(message);
          return sign(message);
        },
      };
    };
    const signer = watched(1);
    const chain = new SimChain(sim, schedule.pace, keys.ed25519);
    await register({ chain, plan, schedule, signer });
    const database = new SimDatabase(sim, {
      journal: mutant.journal?.() ?? new InMemoryJournal(),
      closesInTwo: mutant.closesInTwo,
    });
    const coordinator = new SimCoordinator({
      ...{ sim, plan, signer, keys, database, chain, skew },
      reach: new Reach(),
      skipsSync: mutant.skipsSync === true,
      mutate: (ports) => mutant.ports?.(ports) ?? ports,
    });
    coordinator.disk.preload(plan.genesisModel, genesis);
    faults.phases = () => coordinator.phases();
    const nodes = schedule.habits.map(
      (habits, i) =>
        new SimNode({
          ...{ sim, plan, keys, coordinator: signer.key, habits, ...mutant.node },
          ...{ node: asNodeId(i), signer: watched(10 + i) },
          connect: (node) => coordinator.connect(node),
          download: (owner, model) => coordinator.download(owner, model),
        }),
    );
    return new World({ sim, schedule, chain, database, coordinator, nodes });
  }

  get sim(): Sim {
    return this.#parts.sim;
  }

  /** The final model. */
  get model(): Hash | undefined {
    return this.#parts.coordinator.outcome?.model;
  }

  /** Until the run has ended and everything is published, or something must not be. */
  async play(): Promise<void> {
    const { sim, schedule, coordinator, nodes } = this.#parts;
    const { clock, faults, watch } = sim;
    coordinator.start();
    for (const node of nodes) node.start();
    const boundMs = clock.nowMs() + schedule.calmAfterMs + BOUND_MS;
    clock.after(schedule.calmAfterMs, () => faults.calm());
    for (let events = 0; watch.violation === undefined && !this.#isOver(); events++) {
      const isEndless = clock.nowMs() > boundMs || events > MAX_EVENTS;
      if (isEndless) watch.fail('progress', `the run does not end in ${events} events`);
      else await clock.step();
    }
    if (watch.violation !== undefined) return;
    const { outcome } = coordinator;
    if (outcome?.status !== 'completed') watch.fail('progress', `it ended: ${outcome?.reason}`);
    watch.ended();
  }

  #isOver(): boolean {
    return this.#parts.coordinator.outcome !== undefined && this.#parts.database.isDrained;
  }
}

async function planOf({
  spec,
  keys,
}: Schedule): Promise<{ readonly plan: RunPlan; readonly genesis: Uint8Array }> {
  const specHash = sha256(utf8(canonicalJson(spec)));
  const { id: genesisId, bytes: genesis } = genesisModel(sha256, spec, specHash);
  const chain = await new InMemoryRoundLedger({ sha256, ed25519: keys.ed25519 }).genesis();
  const run = 0 as RunId; // the first of its chain
  return { plan: { chain, run, spec, specHash, genesisModel: genesisId }, genesis };
}

/** Nodes admitted, the run created and accepted. */
async function register({
  chain: ledger,
  plan,
  schedule,
  signer,
}: {
  chain: SimChain;
  plan: RunPlan;
  schedule: Schedule;
  signer: Signer;
}): Promise<void> {
  const { chain, spec, specHash, genesisModel: model } = plan;
  for (let i = 0; i < schedule.nodes; i++) {
    const nodeKey = schedule.keys.signer(10 + i);
    const owner = asAccountId(sha256(utf8(`owner ${i}`)));
    const organisation = await ledger.registerOrganisation(owner);
    const proof = signRecord(POP, { chain, owner, key: nodeKey.key }, nodeKey).signature;
    const registration = { owner, organisation, key: nodeKey.key, proof };
    const node = await ledger.completeRegistration(registration);
    await ledger.admitNode(node, 1_000n);
  }
  const minNodes = spec.window.count.min;
  const run = await ledger.createRun({
    spec: specHash,
    model,
    minNodes,
    windows: WINDOWS,
    pot: 0n,
  });
  const pop = { chain, owner: ledger.coordinatorAccount(), key: signer.key };
  await ledger.acceptRun(run, signer.key, signRecord(POP, pop, signer).signature);
}
