import { type CustomDecorator, SetMetadata } from '@nestjs/common';
import type { Permission } from './permissions.js';

export const PERMISSION_KEY = 'tally:permission';
export const NODES_KEY = 'tally:nodes';

/** What opens a route to people and tokens: a permission, or nothing at all. */
export type Mark = Permission | 'public';

/** Whoever has the permission may call the route. On which objects is the service's business. */
export const Allow = (permission: Permission): CustomDecorator =>
  SetMetadata(PERMISSION_KEY, permission satisfies Mark);

/** Nobody is asked for: enrolment (the invite token is in the body), sign-in, health. */
export const Public = (): CustomDecorator => SetMetadata(PERMISSION_KEY, 'public' satisfies Mark);

/** The session token of a connected node is enough, too: what a round needs. */
export const ForNodes = (): CustomDecorator => SetMetadata(NODES_KEY, true);
