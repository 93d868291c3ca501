import {
  type AccountId,
  type Ed25519,
  type Entropy,
  type NodeId,
  type OrganisationId,
  SerialQueue,
  type Sha256,
  type Signer,
  TallyError,
  utf8,
} from '@tallystick/kernel';
import type { Registration, RoundLedger } from '@tallystick/chain';
import {
  encodeInviteToken,
  type InviteView,
  type JoinRequest,
  LIMITS,
  type NodeView,
  type PreparedJoin,
  type PrepareJoinRequest,
} from '@tallystick/protocol';
import type { NodeRows } from '../persistence/node-rows.js';
import type { Members } from './members.js';
import { nodeView } from './node-view.js';
import { proofOfKey } from './proof-of-key.js';

export interface EnrolmentDeps {
  readonly rows: NodeRows;
  readonly ledger: RoundLedger;
  readonly members: Members;
  readonly signer: Signer;
  /** Payout account of an organisation that has not named one. */
  readonly treasury: AccountId;
  readonly nodeCap: bigint;
  readonly publicUrl: () => string;
  /** Public key of the TLS certificate, when no authority vouches for it. */
  readonly pin: () => string | undefined;
  /** The other coordinators. */
  readonly peers: readonly string[];
  readonly entropy: Entropy;
  readonly sha256: Sha256;
  readonly ed25519: Ed25519;
}

/** What a site shows of itself. */
type Identity = Pick<PrepareJoinRequest, 'secret' | 'key' | 'owner' | 'proof'>;

/**
 * Lets organisations and nodes in. One enrolment at a time: a token used twice at once is then simply used twice,
 * and an organisation is registered once.
 */
export class Enrolment {
  readonly #deps: EnrolmentDeps;
  readonly #queue = new SerialQueue('enrolments', 256, 'NET_BUSY');

  constructor(deps: EnrolmentDeps) {
    this.#deps = deps;
  }

  /** A one-time token for one node of the organisation, which is registered on the chain when it is new. */
  invite(name: string, payout?: AccountId): Promise<InviteView> {
    return this.#queue.run(async () => {
      const { rows, ledger, signer, entropy, publicUrl, peers } = this.#deps;
      const pin = this.#deps.pin();
      const organisation = await this.#organisation(name, payout);
      const secret = base64Url(entropy.bytes(32));
      const expiresAt = await rows.addInvite(this.#hashOf(secret), organisation, LIMITS.inviteMs);
      const token = encodeInviteToken({
        v: 1,
        url: publicUrl(),
        ...(pin === undefined ? {} : { pin }),
        ...(peers.length === 0 ? {} : { others: [...peers] }),
        organisation: name,
        secret,
        coordinatorKey: signer.key,
        genesis: await ledger.genesis(),
      });
      return {
        token,
        organisation: { organisation, name },
        expiresAtMs: expiresAt.getTime(),
      };
    });
  }

  /** The exact bytes that the owner has to sign to register the node. */
  prepare(request: PrepareJoinRequest): Promise<PreparedJoin> {
    return this.#queue.run(async () => {
      const registration = await this.#registration(request);
      const { payload, context } = await this.#deps.ledger.prepareRegistration(registration);
      return { organisation: registration.organisation, payload, context };
    });
  }

  /**
   * Registers and admits the node; resolves when the chain has both in a finalised block. The same key may come again
   * with its own token, after an answer that was lost.
   */
  join(request: JoinRequest): Promise<NodeView> {
    return this.#queue.run(async () => {
      const { rows, members } = this.#deps;
      const { nodeId: earlier } = await rows.invite(this.#hashOf(request.secret));
      const id = await (earlier === null ? this.#register(request) : this.#again(earlier, request));
      return nodeView(await rows.get(id), { member: await members.find(id) });
    });
  }

  /** Finishes admissions that a crash cut short. */
  resume(): Promise<void> {
    return this.#queue.run(async () => {
      for (const { id, cap } of await this.#deps.rows.pending()) await this.#admit(id, cap);
    });
  }

  async #register(request: JoinRequest): Promise<NodeId> {
    const { rows, ledger, nodeCap: cap } = this.#deps;
    const { context, signature, name, key, owner } = request;
    const registration = await this.#registration(request);
    const id = await ledger.completeRegistration(registration, { context, signature });
    const { organisation: organisationId } = registration;
    const row = { id, name, key, owner, cap, organisationId };
    await rows.join(this.#hashOf(request.secret), row);
    await this.#admit(id, cap);
    return id;
  }

  async #again(id: NodeId, { key }: JoinRequest): Promise<NodeId> {
    const { node } = await this.#deps.rows.get(id);
    if (node.key !== key) throw new TallyError('AUTH_TOKEN_USED');
    if (node.admittedAt === null) await this.#admit(id, node.cap);
    return id;
  }

  async #admit(node: NodeId, cap: bigint): Promise<void> {
    await this.#deps.ledger.admitNode(node, cap);
    await this.#deps.rows.admitted(node);
  }

  async #organisation(name: string, wanted: AccountId | undefined): Promise<OrganisationId> {
    const { rows, ledger, treasury } = this.#deps;
    const known = await rows.organisation(name);
    if (known !== null) {
      if (wanted === undefined || wanted === known.payout) return known.id;
      const detail = `${name} is paid on ${known.payout}, and that never changes`;
      throw new TallyError('USAGE_INVALID', { detail });
    }
    const payout = wanted ?? treasury;
    const id = await ledger.registerOrganisation(payout);
    await rows.addOrganisation({ id, name, payout });
    return id;
  }

  async #registration({ secret, key, owner, proof }: Identity): Promise<Registration> {
    const { rows, ledger, ed25519 } = this.#deps;
    const invite = await rows.invite(this.#hashOf(secret));
    if (invite.usedAt !== null) throw new TallyError('AUTH_TOKEN_USED');
    const chain = await ledger.genesis();
    const signature = proofOfKey({ key, proof }, { chain, owner }, ed25519);
    return { owner, organisation: invite.organisationId, key, proof: signature };
  }

  #hashOf(secret: string) {
    return this.#deps.sha256(utf8(secret));
  }
}

function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
