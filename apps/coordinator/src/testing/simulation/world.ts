import { InMemoryRoundLedger } from '@tallystick/chain';
import { plainRun } from '@tallystick/chain/testing';
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
import { Faults, type Phase } from './faults.js';
import { FoldOracle } from './fold-oracle.js';
import type { Mutant } from './mutants.js';
import type { Schedule } from './schedule.js';
import type { Sim } from './sim.js';
import { SimChain } from './sim-chain.js';
import { SimCoordinator } from './sim-coordinator.js';
import { SimDatabase } from './sim-database.js';
import { SimDisk } from './sim-disk.js';
import { SimNode } from './sim-node.js';
import { Reach } from './sim-rpc.js';
import { Skew } from './skew.js';
import { Trace } from './trace.js';
import { Watch } from './watch.js';

/** Once faults stop, a run ends within this: a dropped transaction alone is silent for two minutes, twice over. */
const BOUND_MS = 1_200_000;
/** A schedule has some thousands. */
const MAX_EVENTS = 100_000;
const COORDINATORS = 2;

interface Parts {
  readonly sim: Sim;
  readonly schedule: Schedule;
  readonly database: SimDatabase;
  readonly coordinators: readonly SimCoordinator[];
  readonly nodes: readonly SimNode[];
}

/** The coordinators, one of which leads, their nodes, their database and their chain, in virtual time. */
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
    const skews = Array.from({ length: COORDINATORS }, () => new Skew(clock));
    const latestMs = (): number => Math.max(...skews.map((skew) => skew.latestMs()));
    const { plan, genesis } = await planOf(schedule);
    const oracle = new FoldOracle(genesis, strategyOf(plan.spec.strategy));
    const watch = new Watch(plan, oracle, latestMs);
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
      ...{ closesInTwo: mutant.closesInTwo, skipsFence: mutant.skipsFence },
    });
    const disk = new SimDisk(sim, mutant.skipsSync === true);
    disk.preload(plan.genesisModel, genesis);
    const reach = new Reach();
    const coordinators = skews.map(
      (skew, i) =>
        new SimCoordinator({
          ...{ name: String(i), sim, plan, signer, keys, database, disk, chain, reach, skew },
          mutate: (ports) => mutant.ports?.(ports) ?? ports,
        }),
    );
    faults.phases = () => phasesOf(coordinators, watch);
    const nodes = schedule.habits.map(
      (habits, i) =>
        new SimNode({
          ...{ sim, plan, keys, coordinator: signer.key, habits, ...mutant.node },
          ...{ node: asNodeId(i), signer: watched(10 + i) },
          connect: (node) => oneThatLeads(coordinators, random)?.connect(node),
          voids: () => chain.voidsOf(plan.run),
          download: (owner, model) =>
            oneThatLeads(coordinators, random)?.download(owner, model) ?? nobody(),
        }),
    );
    return new World({ sim, schedule, database, coordinators, nodes });
  }

  get sim(): Sim {
    return this.#parts.sim;
  }

  /** The final model. */
  get model(): Hash | undefined {
    const { sim, database } = this.#parts;
    return database.runs.outcome === undefined ? undefined : sim.watch.model;
  }

  /** Until the run has ended and everything is published, or something must not be. */
  async play(): Promise<void> {
    const { sim, schedule, database, coordinators, nodes } = this.#parts;
    const { clock, faults, watch } = sim;
    for (const coordinator of coordinators) coordinator.start();
    for (const node of nodes) node.start();
    const boundMs = clock.nowMs() + schedule.calmAfterMs + BOUND_MS;
    clock.after(schedule.calmAfterMs, () => faults.calm());
    for (let events = 0; watch.violation === undefined && !this.#isOver(); events++) {
      const isEndless = clock.nowMs() > boundMs || events > MAX_EVENTS;
      if (isEndless) watch.fail('progress', `the run does not end in ${events} events`);
      else await clock.step();
    }
    if (watch.violation !== undefined) return;
    const { outcome } = database.runs;
    if (outcome?.status !== 'completed') watch.fail('progress', `it ended: ${outcome?.reason}`);
    watch.ended();
  }

  #isOver(): boolean {
    const { database } = this.#parts;
    const { knowsVoids } = this.#parts.sim.watch;
    return database.runs.outcome !== undefined && database.isDrained && knowsVoids;
  }
}

/** A node tries one address after another; several answer while one does not know yet that it was replaced. */
function oneThatLeads(
  coordinators: readonly SimCoordinator[],
  random: SeededRandom,
): SimCoordinator | undefined {
  const [first, ...others] = coordinators.filter(({ leads }) => leads);
  return first && random.pick([first, ...others]);
}

function nobody(): Promise<never> {
  return Promise.reject(new Error('nobody answers'));
}

function phasesOf(coordinators: readonly SimCoordinator[], watch: Watch): readonly Phase[] {
  const phases = new Set(coordinators.flatMap((coordinator) => coordinator.phases()));
  if (phases.size === 0) phases.add('opening');
  if (watch.committedRounds < watch.closedRounds) phases.add('anchoring');
  return [...phases];
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
  const run = await ledger.createRun(plainRun({ spec: specHash, model }, { minNodes }));
  const pop = { chain, owner: ledger.coordinatorAccount(), key: signer.key };
  await ledger.acceptRun(run, signer.key, signRecord(POP, pop, signer).signature);
}
