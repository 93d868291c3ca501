import type { IncomingMessage } from 'node:http';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { TallyError } from '@tallystick/kernel';
import { clientAddress } from '../client-address.js';
import { type Mark, NODES_KEY, PERMISSION_KEY } from './access.js';
import { ActLog, objectOf } from './act-log.js';
import { Credentials } from './credentials.js';
import { type Principal, setPrincipal } from './principal.js';

/** Refuses everything but what a mark of the route allows to whoever asks; loopback is no exemption. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly credentials: Credentials,
    private readonly log: ActLog,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const places = [context.getHandler(), context.getClass()];
    const mark = this.reflector.getAllAndOverride<Mark | undefined>(PERMISSION_KEY, places);
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    const principal = await this.credentials.principalOf(request);
    if (principal !== undefined) setPrincipal(request, principal);
    if (mark === 'public') return true;
    if (principal === undefined) throw new TallyError('AUTH_REQUIRED');
    const isForNodes = this.reflector.getAllAndOverride<boolean | undefined>(NODES_KEY, places);
    if (mayCall(principal, mark, isForNodes === true)) return true;
    const error = new TallyError('AUTH_DENIED', { what: mark ?? 'this' });
    await this.log.add(principal, {
      act: mark ?? '',
      object: objectOf(request),
      outcome: error.code,
      address: clientAddress(request),
    });
    throw error;
  }
}

function mayCall(principal: Principal, mark: Mark | undefined, isForNodes: boolean): boolean {
  if (principal.kind === 'node') return isForNodes;
  return mark !== undefined && mark !== 'public' && principal.permissions.has(mark);
}
