import { Global, Module } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { LIMITS } from '@tallystick/protocol';
import { Deployment } from '../deployment.js';
import { AccessGuard } from './access-guard.js';
import { ApiToken } from './api-token.js';
import { RouteMarks } from './route-marks.js';
import { SessionTokens } from './session-tokens.js';

/** Who may call what: the operator's token, the nodes' session tokens, and the guard that asks for them. */
@Global()
@Module({
  imports: [DiscoveryModule],
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
    { provide: APP_GUARD, useClass: AccessGuard },
    RouteMarks,
  ],
  exports: [SessionTokens],
})
export class AuthModule {}
