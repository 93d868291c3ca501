import type { NodeId } from '@tallystick/kernel';
import { encodeCohort } from '@tallystick/protocol';
import type { NodeLink, Offer, RoundResult } from '@tallystick/rounds';
import type { Sessions } from './sessions.js';

/** NodeLink over the live sessions. A node without one hears of it when its next session begins. */
export class WsNodeLink implements NodeLink {
  /** A cohort has up to 65,536 members of 16 bytes: encoded once per offer, not once per node. */
  readonly #cohorts = new WeakMap<Offer, Uint8Array>();
  readonly #sessions: Sessions;

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  offer(node: NodeId, offer: Offer): void {
    const session = this.#sessions.find(node);
    if (session === undefined) return;
    const cohort = this.#cohorts.get(offer) ?? encodeCohort(offer.cohort);
    this.#cohorts.set(offer, cohort);
    session.send({ kind: 'offer', task: offer.task.wire, headers: [...offer.headers] }, cohort);
  }

  result(node: NodeId, { header: { header, wire }, inclusion, task }: RoundResult): void {
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

  drop(node: NodeId, run: number, round: number): void {
    this.#sessions.find(node)?.forget(run, round);
  }
}
