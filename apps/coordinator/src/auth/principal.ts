import type { IncomingMessage } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { NodeId } from '@tallystick/kernel';
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
