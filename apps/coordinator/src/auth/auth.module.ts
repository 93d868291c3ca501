import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { LIMITS } from '@tallystick/protocol';
import { Deployment } from '../deployment.js';
import { ApiToken } from './api-token.js';
import { BearerGuard } from './bearer-guard.js';
import { SessionTokens } from './session-tokens.js';

/** Who may call what: the operator's token, the nodes' session tokens, and the guard that asks for them. */
@Global()
@Module({
  providers: [
    {
      provide: ApiToken,
      inject: [Deployment],
      useFactory: ({ apiTokenFile }: Deployment) => ApiToken.load(apiTokenFile),
    },
    {
      provide: SessionTokens,
      inject: [Deployment],
      useFactory: (deployment: Deployment) => new SessionTokens(LIMITS.sessionTokenMs, deployment),
    },
    { provide: APP_GUARD, useClass: BearerGuard },
  ],
  exports: [SessionTokens],
})
export class AuthModule {}
