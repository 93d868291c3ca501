import { z } from 'zod';
import { organisationName } from '../invite-token.js';

const MAX_NAME_CHARS = 64;
const at = z.iso.datetime();
const role = z.enum(['admin', 'researcher', 'auditor', 'site']);
/** Shown everywhere, so it holds no control characters and nothing that could pass for markup. */
const personName = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._@+-]*$/u, 'takes letters, digits, spaces and . _ @ + -')
  .max(MAX_NAME_CHARS);
/** Long enough that ten guesses a minute find none (NIST SP 800-63B §3.1.1.2). */
const password = z.string().min(12, 'has at least 12 characters').max(256);
const secret = z.string().min(1).max(512);

/** Who asks, and what they may do. */
export const Me = z
  .strictObject({
    kind: z.enum(['user', 'token', 'operator', 'node']),
    name: z.string(),
    role,
    organisation: z.string().nullable(),
    permissions: z.array(z.string()),
  })
  .meta({ id: 'Me' });
export type Me = z.infer<typeof Me>;

/** Answer of a sign-in. */
export const SignedIn = z.strictObject({ me: Me }).meta({ id: 'SignedIn' });
export type SignedIn = z.infer<typeof SignedIn>;

/** `GET /auth/me`. */
export const MeView = z
  .strictObject({
    me: Me.nullable(),
    /** There is a provider to sign in with. */
    oidc: z.boolean(),
    /** There is no admin yet: `POST /auth/first-admin` makes one. */
    firstAdmin: z.boolean(),
  })
  .meta({ id: 'MeView' });
export type MeView = z.infer<typeof MeView>;

/** `POST /auth/login`. */
export const LoginRequest = z
  .strictObject({ name: z.string().max(MAX_NAME_CHARS), password: z.string().max(256) })
  .meta({ id: 'LoginRequest' });
export type LoginRequest = z.infer<typeof LoginRequest>;

/** `POST /auth/link`: the secret of a one-time sign-in link. */
export const LinkRequest = z.strictObject({ ticket: secret }).meta({ id: 'LinkRequest' });
export type LinkRequest = z.infer<typeof LinkRequest>;

/** `POST /auth/first-admin`: `token` is the text of the api-token file. */
export const FirstAdminRequest = z
  .strictObject({ name: personName, password, token: secret })
  .meta({ id: 'FirstAdminRequest' });
export type FirstAdminRequest = z.infer<typeof FirstAdminRequest>;

/** `POST /auth/tickets`: goes behind `#ticket=` of the page's address. */
export const TicketView = z
  .strictObject({ ticket: z.string(), expiresAt: at })
  .meta({ id: 'Ticket' });
export type TicketView = z.infer<typeof TicketView>;

export const UserView = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    role,
    organisation: z.string().nullable(),
    source: z.enum(['local', 'oidc']),
    createdAt: at,
    disabledAt: at.nullable(),
  })
  .meta({ id: 'User' });
export type UserView = z.infer<typeof UserView>;

export const SessionView = z
  .strictObject({
    id: z.string(),
    user: z.string(),
    createdAt: at,
    lastSeenAt: at,
    address: z.string(),
    /** The one that asks. */
    isCurrent: z.boolean(),
  })
  .meta({ id: 'Session' });
export type SessionView = z.infer<typeof SessionView>;

export const TokenView = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    user: z.string(),
    scopes: z.array(z.string()),
    createdAt: at,
    expiresAt: at,
    lastUsedAt: at.nullable(),
  })
  .meta({ id: 'Token' });
export type TokenView = z.infer<typeof TokenView>;

/** Role of a group of the OIDC provider. */
export const GroupView = z
  .strictObject({ group: z.string(), role, organisation: z.string().nullable() })
  .meta({ id: 'Group' });
export type GroupView = z.infer<typeof GroupView>;

/** `GET /people`. */
export const PeopleView = z
  .strictObject({
    users: z.array(UserView),
    sessions: z.array(SessionView),
    tokens: z.array(TokenView),
    groups: z.array(GroupView),
  })
  .meta({ id: 'People' });
export type PeopleView = z.infer<typeof PeopleView>;

/** `POST /people`. A `site` names its organisation, nobody else does. */
export const NewUserRequest = z
  .strictObject({ name: personName, role, organisation: organisationName.optional(), password })
  .meta({ id: 'NewUserRequest' });
export type NewUserRequest = z.infer<typeof NewUserRequest>;

/** `PATCH /people/{id}`. */
export const ChangeUserRequest = z
  .strictObject({
    role: role.optional(),
    organisation: organisationName.optional(),
    disabled: z.boolean().optional(),
  })
  .meta({ id: 'ChangeUserRequest' });
export type ChangeUserRequest = z.infer<typeof ChangeUserRequest>;

/** `PUT /groups/{group}`. */
export const GroupRequest = z
  .strictObject({ role, organisation: organisationName.optional() })
  .meta({ id: 'GroupRequest' });
export type GroupRequest = z.infer<typeof GroupRequest>;

/** `POST /tokens`. */
export const NewTokenRequest = z
  .strictObject({
    name: personName,
    /** Permissions, each of which the one who asks has. */
    scopes: z.array(z.string().max(32)).min(1).max(32),
    days: z.int().min(1).max(365),
  })
  .meta({ id: 'NewTokenRequest' });
export type NewTokenRequest = z.infer<typeof NewTokenRequest>;

/** Shown once; only a hash is kept. */
export const NewTokenView = z
  .strictObject({ token: z.string(), id: z.string() })
  .meta({ id: 'NewToken' });
export type NewTokenView = z.infer<typeof NewTokenView>;

/** `GET /sessions`: one's own. */
export const SessionList = z
  .strictObject({ sessions: z.array(SessionView) })
  .meta({ id: 'SessionList' });
export type SessionList = z.infer<typeof SessionList>;

/** `GET /tokens`: one's own. */
export const TokenList = z.strictObject({ tokens: z.array(TokenView) }).meta({ id: 'TokenList' });
export type TokenList = z.infer<typeof TokenList>;

/** A privileged act: who did what to what, when, and `done` or the code it was refused with. */
export const ActView = z
  .strictObject({
    id: z.string(),
    at,
    who: z.strictObject({ kind: z.string(), id: z.string(), name: z.string() }),
    act: z.string(),
    object: z.string(),
    outcome: z.string(),
    address: z.string(),
  })
  .meta({ id: 'Act' });
export type ActView = z.infer<typeof ActView>;

/** `GET /log`: newest first. */
export const ActList = z.strictObject({ acts: z.array(ActView) }).meta({ id: 'ActList' });
export type ActList = z.infer<typeof ActList>;

/** Query of `GET /log`: acts before this id. */
export const ActsQuery = z.strictObject({
  before: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional(),
});
export type ActsQuery = z.infer<typeof ActsQuery>;
