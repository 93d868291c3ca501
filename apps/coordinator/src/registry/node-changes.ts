import type { OwnerCall as ChainCall, RoundLedger } from '@tallystick/chain';
import { type Ed25519, type NodeId, SerialQueue, TallyError } from '@tallystick/kernel';
import type {
  NodeView,
  OwnerCallRequest,
  PreparedOwnerCall,
  PrepareOwnerCallRequest,
} from '@tallystick/protocol';
import type { NodeRow, NodeRows } from '../persistence/node-rows.js';
import type { Members } from './members.js';
import { nodeView } from './node-view.js';
import { proofOfKey } from './proof-of-key.js';

export interface NodeChangesDeps {
  readonly rows: Pick<NodeRows, 'get'>;
  readonly ledger: RoundLedger;
  readonly members: Members;
  readonly ed25519: Ed25519;
}

/**
 * What becomes of a node that has joined: another key, or its end. The owner's signature does it, which is made at the site
 * and carried to the chain from here, or the operator's word (registrar). Each resolves when it is final.
 */
export class NodeChanges {
  readonly #deps: NodeChangesDeps;
  readonly #queue = new SerialQueue('changes of nodes', 64, 'NET_BUSY');

  constructor(deps: NodeChangesDeps) {
    this.#deps = deps;
  }

  /** The exact bytes that the owner has to sign. Throws USAGE_UNKNOWN_NODE, or AUTH_* for somebody else's node. */
  async prepare(node: NodeId, asked: PrepareOwnerCallRequest): Promise<PreparedOwnerCall> {
    const { call } = await this.#check(node, asked);
    return this.#deps.ledger.prepareOwnerCall(asked.owner, call);
  }

  /** The same call may come again after an answer that was lost. */
  complete(node: NodeId, asked: OwnerCallRequest): Promise<NodeView> {
    return this.#queue.run(async () => {
      const { call, row } = await this.#check(node, asked);
      if (!(await this.#isDone(call))) {
        await this.#deps.ledger.completeOwnerCall(asked.owner, call, asked);
      }
      return this.#view(row);
    });
  }

  /** By the registrar. */
  revoke(node: NodeId): Promise<NodeView> {
    return this.#queue.run(async () => {
      const row = await this.#deps.rows.get(node);
      if (!(await this.#isDone({ kind: 'revoke', node }))) await this.#deps.ledger.revokeNode(node);
      return this.#view(row);
    });
  }

  async #check(
    node: NodeId,
    { owner, call }: PrepareOwnerCallRequest,
  ): Promise<{ readonly call: ChainCall; readonly row: NodeRow }> {
    const { rows, ledger, ed25519 } = this.#deps;
    const row = await rows.get(node);
    if (row.node.owner !== owner) {
      throw new TallyError('AUTH_DENIED', { what: `node ${node} has another owner` });
    }
    if (call.kind === 'revoke') return { call: { kind: 'revoke', node }, row };
    const proof = proofOfKey(call, { chain: await ledger.genesis(), owner }, ed25519);
    return { call: { kind: 'rotateKey', node, key: call.key, proof }, row };
  }

  /** As the newest finalised block has it. */
  async #isDone(call: ChainCall): Promise<boolean> {
    await this.#deps.members.refresh();
    const member = await this.#deps.members.find(call.node);
    return call.kind === 'revoke' ? member === undefined : member?.key === call.key;
  }

  async #view(row: NodeRow): Promise<NodeView> {
    const { members } = this.#deps;
    await members.refresh();
    return nodeView(row, { member: await members.find(row.node.id) });
  }
}
