import type { Hash, Signer } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import type { RunPlan } from '@tallystick/rounds';
import { CoordinatorLife, type CoordinatorPorts } from './coordinator-life.js';
import type { Phase } from './faults.js';
import type { Sim } from './sim.js';
import type { SimChain } from './sim-chain.js';
import type { SimDatabase } from './sim-database.js';
import { SimBlobStore, type SimDisk } from './sim-disk.js';
import type { SimKeys } from './sim-keys.js';
import type { SimConnection } from './sim-network.js';
import type { SimNode } from './sim-node.js';
import { SimProcess } from './sim-process.js';
import { type Reach, rpcOf } from './sim-rpc.js';
import type { Skew } from './skew.js';

export interface CoordinatorParts {
  readonly name: string;
  readonly sim: Sim;
  readonly plan: RunPlan;
  readonly signer: Signer;
  readonly keys: SimKeys;
  readonly database: SimDatabase;
  /** The blob store, shared by all coordinators. */
  readonly disk: SimDisk;
  readonly chain: SimChain;
  readonly reach: Reach;
  /** Of its own clock. */
  readonly skew: Skew;
  readonly mutate: (ports: CoordinatorPorts) => CoordinatorPorts;
}

const CRASHES = 6;

/** A coordinator's machine: a process that leads or stands by, dies and starts again. */
export class SimCoordinator {
  readonly #parts: CoordinatorParts;
  #life: CoordinatorLife | undefined;
  #crashes = 0;

  constructor(parts: CoordinatorParts) {
    this.#parts = parts;
  }

  start(): void {
    const { name, sim, plan, signer, keys, database, disk, chain, reach } = this.#parts;
    sim.trace.add(`coordinator ${name} starts`);
    const process = new SimProcess(sim.clock, () => this.#parts.skew.aheadMs);
    process.ambient = (ms) => this.#ambient(process, ms);
    const life = new CoordinatorLife({
      ...{ sim, process, plan, signer, database },
      ed25519: keys.ed25519,
      blobs: new SimBlobStore(disk, process),
      ledger: rpcOf(sim, { chain, reach }, process),
      mutate: this.#parts.mutate,
    });
    this.#life = life;
    life.run().catch(() => this.#end(process));
  }

  get leads(): boolean {
    return this.#life?.leads === true;
  }

  phases(): readonly Phase[] {
    return this.#life?.phases() ?? [];
  }

  connect(node: SimNode): SimConnection | undefined {
    return this.#life?.accept(node);
  }

  async download(owner: SimProcess, model: Hash): Promise<Uint8Array> {
    const life = this.#life;
    if (life === undefined) throw new Error('nobody answers');
    const bytes = await owner.later(this.#parts.sim.random.between(2, 50), () =>
      life.blobs.get(model),
    );
    if (sha256(bytes) !== model) throw new Error('another model');
    return bytes;
  }

  #ambient(process: SimProcess, ms: number): void {
    const { sim, skew, chain, reach } = this.#parts;
    const { faults, random, clock } = sim;
    if (faults.strikes('chain.unreachable')) reach.cut(clock.nowMs(), random.between(500, 15_000));
    if (faults.strikes('chain.stalled')) chain.stall(random.between(5_000, 60_000));
    if (chain.hasPooled && faults.strikes('chain.dropped')) chain.dropPool();
    if (faults.strikes('chain.voided')) chain.proveFault();
    if (chain.isTicking && chain.hasPooled && faults.strikes('chain.starved')) chain.starvePool();
    if (faults.strikes('clock.forward')) skew.jump(random.between(100, 20_000));
    if (faults.strikes('clock.backward')) skew.jump(-random.between(100, 20_000));
    if (faults.strikes('coordinator.frozen')) {
      const frozenMs = random.between(100, 12_000);
      clock.after(random.between(0, ms), () => process.freeze(frozenMs));
    }
    if (this.#crashes >= CRASHES || !faults.strikes('coordinator.crash')) return;
    clock.after(random.between(0, ms), () => this.#crash(process));
  }

  #crash(process: SimProcess): void {
    if (!process.isAlive) return;
    this.#crashes++;
    this.#end(process);
  }

  /** The process is gone, and started again soon. */
  #end(process: SimProcess): void {
    if (!process.isAlive) return;
    const { name, sim, disk } = this.#parts;
    sim.trace.add(`coordinator ${name} ends`);
    const life = this.#life;
    this.#life = undefined;
    process.kill();
    disk.crash(process);
    life?.breakConnections();
    sim.clock.after(sim.random.between(100, 3_000), () => this.start());
  }
}
