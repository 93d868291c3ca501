import type { IncomingMessage } from 'node:http';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { TallyError } from '@tallystick/kernel';
import { type Mark, NODES_KEY, PERMISSION_KEY } from './access.js';
import { ApiToken } from './api-token.js';
import { nodePrincipal, OPERATOR, type Principal, setPrincipal } from './principal.js';
import { SessionTokens } from './session-tokens.js';

/** Longest token that is looked at. */
const MAX_TOKEN_CHARS = 512;

/** Refuses everything but what a mark of the route allows to whoever asks; loopback is no exemption. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly apiToken: ApiToken,
    private readonly nodes: SessionTokens,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const places = [context.getHandler(), context.getClass()];
    const mark = this.reflector.getAllAndOverride<Mark | undefined>(PERMISSION_KEY, places);
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    const principal = this.#principal(request);
    if (principal !== undefined) setPrincipal(request, principal);
    if (mark === 'public') return true;
    if (principal === undefined) throw new TallyError('AUTH_REQUIRED');
    const isForNodes = this.reflector.getAllAndOverride<boolean | undefined>(NODES_KEY, places);
    const isAllowed =
      principal.kind === 'node'
        ? isForNodes === true
        : mark !== undefined && principal.permissions.has(mark);
    if (!isAllowed) throw new TallyError('AUTH_DENIED', { what: mark ?? 'this' });
    return true;
  }

  #principal(request: IncomingMessage): Principal | undefined {
    const token = bearerOf(request);
    if (token === undefined) return undefined;
    if (this.apiToken.matches(token)) return OPERATOR;
    const node = this.nodes.check(token);
    return node === undefined ? undefined : nodePrincipal(node);
  }
}

function bearerOf({ headers }: IncomingMessage): string | undefined {
  const [scheme, token, ...rest] = (headers.authorization ?? '').split(' ');
  if (scheme?.toLowerCase() !== 'bearer' || token === undefined || rest.length > 0)
    return undefined;
  return token.length > 0 && token.length <= MAX_TOKEN_CHARS ? token : undefined;
}
