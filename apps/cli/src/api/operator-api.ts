import { type AccountId, type Hash, type NodeId, type RunId, TallyError } from '@tallystick/kernel';
import { linkAborts, sha256, systemClock } from '@tallystick/kernel/node';
import {
  type ChangeUserRequest,
  EpochList,
  type EpochView,
  type GroupRequest,
  InviteView,
  LedgerView,
  LIMITS,
  type NewTokenRequest,
  NewTokenView,
  type NewUserRequest,
  NodeList,
  NodeView,
  PeopleView,
  RewardList,
  RoundEvidence,
  type RoundView,
  RoundList,
  type RunEvent,
  RunList,
  RunView,
  TicketView,
  TokenList,
  UserView,
} from '@tallystick/protocol';
import { CoordinatorApi, fetchByWay, STRAIGHT, type Way } from '@tallystick/site';
import { EventReader } from './event-reader.js';

/** What a launch may say beyond spec and pot. */
export interface LaunchOptions {
  readonly windows?: { readonly challengeMs?: number; readonly settleMs?: number };
  readonly closeWhenSettled?: boolean;
  /** Text of the public validation set. */
  readonly validation?: string;
}

/** An event stream of one connection may carry this much before the CLI reconnects: a million events or so. */
const MAX_EVENT_BYTES = 256 * 1024 * 1024;

/**
 * The coordinator's REST API as operators, researchers and auditors use it (docs: /api/openapi.json). Answers are
 * checked by the schemas the server is built from; errors are NET_*, or the coordinator's own code.
 */
export class OperatorApi {
  readonly url: string;
  readonly #api: CoordinatorApi;
  readonly #signal: AbortSignal;

  /** @param options.signal ends every call of this object. */
  constructor(options: {
    readonly url: string;
    readonly token: string;
    readonly way?: Way;
    readonly signal: AbortSignal;
  }) {
    const { token, way = STRAIGHT } = options;
    this.url = options.url.replace(/\/+$/, '');
    const fetch = fetchByWay(way, systemClock);
    this.#api = new CoordinatorApi({ url: this.url, token: () => token, fetch });
    this.#signal = options.signal;
  }

  /** @param payout account that a new organisation is paid on; the operator's without one. */
  invite(organisation: string, payout?: AccountId): Promise<InviteView> {
    const body = { organisation, ...(payout === undefined ? {} : { payout }) };
    return this.#api.post(InviteView, { path: 'invites', body }, this.#signal);
  }

  async nodes(): Promise<NodeList['nodes']> {
    return (await this.#api.get(NodeList, 'nodes', this.#signal)).nodes;
  }

  /** Where the coordinator stands with its chain. */
  ledger(): Promise<LedgerView> {
    return this.#api.get(LedgerView, 'ledger', this.#signal);
  }

  /** For ever. */
  revokeNode(node: NodeId): Promise<NodeView> {
    return this.#api.post(NodeView, { path: `nodes/${node}/revoke`, body: {} }, this.#signal);
  }

  launch(spec: string, pot: bigint, options: LaunchOptions = {}): Promise<RunView> {
    const body = { spec, pot: pot.toString(), ...options };
    return this.#api.post(RunView, { path: 'runs', body }, this.#signal);
  }

  /** The run is closed, and the rest of its pot goes back, as soon as nothing of it is pending. */
  closeRun(run: RunId): Promise<RewardList> {
    return this.#api.post(RewardList, { path: `runs/${run}/close`, body: {} }, this.#signal);
  }

  /** Settled epochs, ascending. */
  async epochs(run: RunId): Promise<readonly EpochView[]> {
    return (await this.#api.get(EpochList, `runs/${run}/epochs`, this.#signal)).epochs;
  }

  rewards(run: RunId): Promise<RewardList> {
    return this.#api.get(RewardList, `runs/${run}/rewards`, this.#signal);
  }

  async runs(): Promise<RunList['runs']> {
    return (await this.#api.get(RunList, 'runs', this.#signal)).runs;
  }

  run(run: RunId): Promise<RunView> {
    return this.#api.get(RunView, `runs/${run}`, this.#signal);
  }

  pause(run: RunId): Promise<RunView> {
    return this.#api.post(RunView, { path: `runs/${run}/pause`, body: {} }, this.#signal);
  }

  resume(run: RunId): Promise<RunView> {
    return this.#api.post(RunView, { path: `runs/${run}/resume`, body: {} }, this.#signal);
  }

  stop(run: RunId): Promise<RunView> {
    return this.#api.post(RunView, { path: `runs/${run}/stop`, body: {} }, this.#signal);
  }

  /** A page of closed rounds, ascending, from `from` on. */
  async rounds(run: RunId, from: number): Promise<readonly RoundView[]> {
    return (await this.#api.get(RoundList, `runs/${run}/rounds?from=${from}`, this.#signal)).rounds;
  }

  evidence(run: RunId, round: number): Promise<RoundEvidence> {
    return this.#api.get(RoundEvidence, `runs/${run}/rounds/${round}/evidence`, this.#signal);
  }

  /** Canonical JSON of a run spec, hash checked. */
  async spec(id: Hash): Promise<string> {
    return new TextDecoder().decode(await this.#named(`specs/${id}`, id, LIMITS.maxRunSpecBytes));
  }

  /** A model, state or update, hash checked. */
  blob(id: Hash): Promise<Uint8Array> {
    return this.#named(`blobs/${id}`, id, LIMITS.maxModelBytes);
  }

  /** Gives the events of `run` after `lastId` to `take` until `enough` aborts, or the stream breaks off. */
  async events(
    run: RunId,
    options: { readonly lastId: number; readonly enough: AbortSignal },
    take: (event: RunEvent) => void,
  ): Promise<void> {
    const { lastId, enough } = options;
    const reader = new EventReader(take);
    const request = {
      path: `runs/${run}/events`,
      offset: 0,
      lastEventId: lastId,
      maxBytes: MAX_EVENT_BYTES,
    };
    const push = (piece: Uint8Array): void => reader.push(piece);
    const aborts = linkAborts(this.#signal, enough);
    try {
      await this.#api.download(request, push, aborts.signal);
    } catch (error) {
      if (!enough.aborted) throw error;
    } finally {
      aborts.release();
    }
  }

  people(): Promise<PeopleView> {
    return this.#api.get(PeopleView, 'people', this.#signal);
  }

  addUser(body: NewUserRequest): Promise<UserView> {
    return this.#api.post(UserView, { path: 'people', body }, this.#signal);
  }

  changeUser(id: string, body: ChangeUserRequest): Promise<UserView> {
    const path = `people/${encodeURIComponent(id)}`;
    return this.#api.patch(UserView, { path, body }, this.#signal);
  }

  /** What a group of the identity provider may do here. */
  async putGroup(group: string, body: GroupRequest): Promise<void> {
    await this.#api.put(`groups/${encodeURIComponent(group)}`, body, this.#signal);
  }

  async removeGroup(group: string): Promise<void> {
    await this.#api.delete(`groups/${encodeURIComponent(group)}`, this.#signal);
  }

  /** One's own. */
  async tokens(): Promise<TokenList['tokens']> {
    return (await this.#api.get(TokenList, 'tokens', this.#signal)).tokens;
  }

  addToken(body: NewTokenRequest): Promise<NewTokenView> {
    return this.#api.post(NewTokenView, { path: 'tokens', body }, this.#signal);
  }

  async revokeToken(id: string): Promise<void> {
    await this.#api.delete(`tokens/${encodeURIComponent(id)}`, this.#signal);
  }

  /** Address of the page that signs the operator in, once. */
  async signInLink(): Promise<string> {
    const request = { path: 'auth/tickets', body: {} };
    const { ticket } = await this.#api.post(TicketView, request, this.#signal);
    return `${this.url}/#ticket=${ticket}`;
  }

  async #named(path: string, id: Hash, maxBytes: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    const take = (piece: Uint8Array): void => void pieces.push(piece);
    await this.#api.download({ path, offset: 0, maxBytes }, take, this.#signal);
    const bytes = new Uint8Array(Buffer.concat(pieces));
    const got = sha256(bytes);
    if (got !== id) throw new TallyError('STORE_BLOB_DAMAGED', { sha256: id, got });
    return bytes;
  }
}
