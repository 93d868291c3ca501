import type { Logger, NodeId } from '@tallystick/kernel';
import { encodeCohort, encodeFrame } from '@tallystick/protocol';
import type { NodeLink, Offer, RoundResult } from '@tallystick/rounds';
import { PacedQueue } from './paced-queue.js';
import type { Sessions } from './sessions.js';

/**
 * NodeLink over the live sessions. A node without one hears of it when its next session begins. What goes to a whole
 * cohort goes out in its order, a few nodes per turn of the event loop.
 */
export class WsNodeLink implements NodeLink {
  /** A cohort has up to 65,536 members of 16 bytes: one frame per offer, which all nodes' sockets send from. */
  readonly #frames = new WeakMap<Offer, Uint8Array>();
  readonly #sessions: Sessions;
  readonly #queue: PacedQueue;

  constructor(sessions: Sessions, logger: Logger) {
    this.#sessions = sessions;
    this.#queue = new PacedQueue(logger);
  }

  offer(node: NodeId, offer: Offer): void {
    this.#queue.push(() => {
      const { run, round } = offer.task.task;
      this.#sessions.find(node)?.offer({ run, round }, this.#frameOf(offer));
    });
  }

  result(node: NodeId, result: RoundResult): void {
    this.#queue.push(() => this.#result(node, result));
  }

  drop(node: NodeId, run: number, round: number): void {
    this.#queue.push(() => this.#sessions.find(node)?.forget(run, round));
  }

  #frameOf(offer: Offer): Uint8Array {
    const known = this.#frames.get(offer);
    if (known !== undefined) return known;
    const head = { kind: 'offer' as const, task: offer.task.wire, headers: [...offer.headers] };
    const frame = encodeFrame(head, encodeCohort(offer.cohort));
    this.#frames.set(offer, frame);
    return frame;
  }

  #result(node: NodeId, { header: { header, wire }, inclusion, task }: RoundResult): void {
    this.#sessions.find(node)?.send({
      kind: 'result',
      run: header.run,
      round: header.round,
      header: wire,
      model: header.modelAfter,
      ...(task === undefined ? {} : { task: task.wire }),
      ...(inclusion === undefined
        ? {}
        : {
            inclusion: {
              index: inclusion.index,
              weight: inclusion.weight.toString(),
              proof: inclusion.proof.map(({ hash, sum }) => ({ hash, sum: sum.toString() })),
            },
          }),
    });
  }
}
