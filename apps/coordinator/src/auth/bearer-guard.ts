import type { IncomingMessage } from 'node:http';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { TallyError } from '@tallystick/kernel';
import { ACCESS_KEY, type Access } from './access.js';
import { ApiToken } from './api-token.js';
import { SessionTokens } from './session-tokens.js';

/** Longest token that is looked at. */
const MAX_TOKEN_CHARS = 512;

/** Refuses every request without a bearer token that its route accepts; loopback is no exemption. */
@Injectable()
export class BearerGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly apiToken: ApiToken,
    private readonly sessions: SessionTokens,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS_KEY, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (access === 'public') return true;
    const token = bearerOf(context.switchToHttp().getRequest<IncomingMessage>());
    if (token === undefined) throw new TallyError('AUTH_REQUIRED');
    if (this.apiToken.matches(token)) return true;
    if (this.sessions.check(token) === undefined) throw new TallyError('AUTH_REQUIRED');
    if (access !== 'node')
      throw new TallyError('AUTH_DENIED', { what: 'this; it needs the api-token' });
    return true;
  }
}

function bearerOf({ headers }: IncomingMessage): string | undefined {
  const [scheme, token, ...rest] = (headers.authorization ?? '').split(' ');
  if (scheme?.toLowerCase() !== 'bearer' || token === undefined || rest.length > 0)
    return undefined;
  return token.length > 0 && token.length <= MAX_TOKEN_CHARS ? token : undefined;
}
