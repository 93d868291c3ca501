import type { Sim } from './sim.js';

/** A frame of the protocol; a chunk of an update travels longer, and nobody repeats one. */
export interface Packet {
  readonly kind: 'frame' | 'chunk';
  readonly bytes: Uint8Array;
}

/** One end of a connection: what its owner does with what arrives. */
export interface Receiver {
  receive(packet: Packet): void;
  closed(): void;
}

export type Side = 'node' | 'coordinator';

/**
 * A connection as TCP gives it: in order, until it breaks. A lost message is one that a dying connection swallowed:
 * nothing that follows arrives either, and both ends hear of it seconds later. A message may arrive twice, because
 * senders repeat themselves.
 */
export class SimConnection {
  readonly #sim: Sim;
  readonly #name: string;
  readonly #ends: Partial<Record<Side, Receiver>> = {};
  readonly #arrivesAtMs: Record<Side, number> = { node: 0, coordinator: 0 };
  #isOpen = true;
  #isMute = false;
  #chunks = 0;

  constructor(sim: Sim, name: string) {
    this.#sim = sim;
    this.#name = name;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** True while an update is under way. */
  get isUploading(): boolean {
    return this.#isOpen && this.#chunks > 0;
  }

  attach(side: Side, receiver: Receiver): void {
    this.#ends[side] = receiver;
    if (!this.#isOpen) this.#sim.clock.after(0, () => receiver.closed());
  }

  send(to: Side, packet: Packet): void {
    if (!this.#isOpen || this.#isMute) return;
    const { clock, faults, random } = this.#sim;
    if (packet.kind === 'chunk') this.#chunks++;
    if (faults.strikes('connection.broken')) return this.break();
    if (faults.strikes('message.lost')) {
      this.#isMute = true;
      clock.after(random.between(1_000, 5_000), () => this.break());
      return;
    }
    const extraMs = faults.strikes('message.delayed') ? random.between(300, 6_000) : 0;
    const travelMs = random.between(1, packet.kind === 'chunk' ? 300 : 40) + extraMs;
    const atMs = Math.max(clock.nowMs() + travelMs, this.#arrivesAtMs[to]);
    this.#arrivesAtMs[to] = atMs;
    this.#arrive(to, packet, atMs);
    if (packet.kind === 'frame' && faults.strikes('message.duplicated')) {
      this.#arrive(to, packet, atMs + random.between(1, 3_000));
    }
  }

  /** Both ends hear of it, each in its time. */
  break(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#sim.trace.add(`broken ${this.#name}`);
    for (const receiver of Object.values(this.#ends)) {
      this.#sim.clock.after(this.#sim.random.between(0, 200), () => receiver.closed());
    }
  }

  #arrive(to: Side, packet: Packet, atMs: number): void {
    const { clock, trace } = this.#sim;
    clock.after(atMs - clock.nowMs(), () => {
      if (packet.kind === 'chunk') this.#chunks--;
      if (!this.#isOpen) return;
      trace.add(`to ${to} ${this.#name}: ${packet.kind} of ${packet.bytes.length} bytes`);
      this.#ends[to]?.receive(packet);
    });
  }
}
