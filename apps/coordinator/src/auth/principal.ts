import type { IncomingMessage } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { NodeId } from '@tallystick/kernel';
import type { TokenEntity, UserEntity } from '../persistence/entities/index.js';
import { type Permission, permissionsOf, type Role } from './permissions.js';

/** Who asks. A node has the permissions of no role: it may use the routes marked `@ForNodes()`, and no other. */
export interface Principal {
  readonly kind: 'user' | 'token' | 'operator' | 'node';
  /** Of a user, also when one of its tokens speaks; the number of a node. */
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** Name of the organisation that a `site` belongs to. */
  readonly organisation?: string;
  /** What the role allows, and of that what the token was made for. */
  readonly permissions: ReadonlySet<Permission>;
  /** The session that the request came with. */
  readonly session?: string;
}

/** Whoever holds the api-token file of the data folder. */
export const OPERATOR: Principal = {
  kind: 'operator',
  id: 'operator',
  name: 'operator',
  role: 'admin',
  permissions: permissionsOf('admin'),
};

export function nodePrincipal(node: NodeId): Principal {
  const permissions: ReadonlySet<Permission> = new Set();
  return { kind: 'node', id: String(node), name: `node ${node}`, role: 'site', permissions };
}

/** A user as its row describes it now: a new role counts from the next request on. */
export function userPrincipal(user: UserEntity, session: string): Principal {
  if (user.source === 'operator') return { ...OPERATOR, session };
  return { ...personOf(user), kind: 'user', permissions: permissionsOf(user.role), session };
}

/** A token may do what it was made for, while its user's role allows it. */
export function tokenPrincipal(user: UserEntity, { name, scopes }: TokenEntity): Principal {
  const allowed = permissionsOf(user.role);
  const permissions = new Set(scopes.filter((scope) => allowed.has(scope)));
  return { ...personOf(user), kind: 'token', name: `${user.name}/${name}`, permissions };
}

function personOf({ id, name, role, organisation }: UserEntity) {
  return { id, name, role, ...(organisation === null ? {} : { organisation }) };
}

const principals = new WeakMap<IncomingMessage, Principal>();

export function setPrincipal(request: IncomingMessage, principal: Principal): void {
  principals.set(request, principal);
}

/** Who sent this request; undefined on a public route without credentials. */
export function principalOf(request: IncomingMessage): Principal | undefined {
  return principals.get(request);
}

/** Parameter decorator: the principal of the request. The guard has set it on every route that is not public. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext) =>
  principalOf(context.switchToHttp().getRequest<IncomingMessage>()),
);
