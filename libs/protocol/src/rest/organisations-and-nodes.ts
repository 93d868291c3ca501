import { POP } from '@tallystick/record';
import { z } from 'zod';
import { inviteSecret, organisationName, siteName } from '../invite-token.js';
import {
  accountId,
  decimal,
  hexBytes,
  nodeId,
  organisationId,
  publicKey,
  signature,
  signed,
  timeMs,
} from '../wire-types.js';

export const OrganisationView = z
  .strictObject({ organisation: organisationId, name: organisationName })
  .meta({ id: 'Organisation' });
export type OrganisationView = z.infer<typeof OrganisationView>;

/** `POST /invites`: an organisation that is new is registered on the chain. */
export const InviteRequest = z
  .strictObject({
    organisation: organisationName,
    /** What a new organisation is paid on; it never changes. Without one, the deployment's treasury. */
    payout: accountId.optional(),
  })
  .meta({ id: 'InviteRequest' });
export type InviteRequest = z.infer<typeof InviteRequest>;

/** Shown once; the coordinator keeps only the hash of the secret. */
export const InviteView = z
  .strictObject({
    /** Word for `tally node join --token`. */
    token: z.string(),
    organisation: OrganisationView,
    expiresAtMs: timeMs,
  })
  .meta({ id: 'Invite' });
export type InviteView = z.infer<typeof InviteView>;

/** What a site shows of itself to join; no secret key leaves it. */
const identity = {
  /** Secret of the invite token. */
  secret: inviteSecret,
  name: siteName,
  /** The node key. */
  key: publicKey,
  /** Account of the owner key. */
  owner: accountId,
  /** Pop, signed by the node key. */
  proof: signed(POP),
};

/** `POST /nodes/prepare`: asks for the bytes of `register_node` that the owner key has to sign. */
export const PrepareJoinRequest = z.strictObject(identity).meta({ id: 'PrepareJoinRequest' });
export type PrepareJoinRequest = z.infer<typeof PrepareJoinRequest>;

/**
 * The owner checks that `payload` begins with a `register_node` of its own node key, signs exactly these bytes and
 * sends `context` back as it came.
 */
export const PreparedJoin = z
  .strictObject({
    organisation: organisationId,
    /** The bytes to sign: SCALE of the call, then of the signed extensions. */
    payload: hexBytes.max(4096),
    /** Opaque: what the coordinator needs to put the signature in place. */
    context: z.string().max(16_384),
  })
  .meta({ id: 'PreparedJoin' });
export type PreparedJoin = z.infer<typeof PreparedJoin>;

/** `POST /nodes`: uses the invite up, submits the owner's registration and admits the node. */
export const JoinRequest = z
  .strictObject({
    ...identity,
    context: z.string().max(16_384),
    /** Of the owner key over `payload`. */
    signature,
  })
  .meta({ id: 'JoinRequest' });
export type JoinRequest = z.infer<typeof JoinRequest>;

export const NodeView = z
  .strictObject({
    node: nodeId,
    name: siteName,
    organisation: OrganisationView,
    key: publicKey,
    keyEpoch: z.int().min(0),
    /** `suspended`: the operator does not let it in for now. */
    status: z.enum(['pending', 'active', 'suspended', 'revoked']),
    /** Largest numExamples that the registrar lets count. */
    cap: decimal,
    connected: z.boolean(),
    /** Of the last frame; null when it was never connected. */
    lastSeenAtMs: timeMs.nullable(),
    joinedAtMs: timeMs,
    /** Protocol violations seen from it. */
    strikes: z.int().min(0),
    /** Median from the offer to the accepted update, over the last rounds; null: never measured. */
    roundMs: z.int().min(0).nullable(),
  })
  .meta({ id: 'Node' });
export type NodeView = z.infer<typeof NodeView>;

/** `GET /nodes`. */
export const NodeList = z.strictObject({ nodes: z.array(NodeView) }).meta({ id: 'NodeList' });
export type NodeList = z.infer<typeof NodeList>;
