import { Global, Module } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, DiscoveryModule } from '@nestjs/core';
import { LIMITS } from '@tallystick/protocol';
import { Deployment } from '../deployment.js';
import { ActRows } from '../persistence/act-rows.js';
import { RunRows } from '../persistence/run-rows.js';
import { RunSight } from '../persistence/run-sight.js';
import { SessionRows } from '../persistence/session-rows.js';
import { TokenRows } from '../persistence/token-rows.js';
import { UserRows } from '../persistence/user-rows.js';
import { AccessGuard } from './access-guard.js';
import { ActInterceptor } from './act-interceptor.js';
import { ActLog } from './act-log.js';
import { ApiToken } from './api-token.js';
import { AuthController } from './auth.controller.js';
import { Credentials } from './credentials.js';
import { OidcProvider } from './oidc-provider.js';
import { OidcSignIn } from './oidc-sign-in.js';
import { Passwords } from './passwords.js';
import { People } from './people.js';
import { PeopleController } from './people.controller.js';
import { RouteMarks } from './route-marks.js';
import { RunAccess } from './run-access.js';
import { RunGuard } from './run-guard.js';
import { SessionTokens } from './session-tokens.js';
import { sessionCookie, SignIn } from './sign-in.js';

/** The page is served over TLS. */
const secureOf = (deployment: Deployment) => (): boolean =>
  deployment.publicUrl.startsWith('https:');

/** Who is who, who may call what, and what they did: people, tokens, nodes, roles, the log. */
@Global()
@Module({
  imports: [DiscoveryModule],
  controllers: [AuthController, PeopleController],
  providers: [
    Passwords,
    RouteMarks,
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
    {
      provide: ActLog,
      inject: [ActRows, Deployment],
      useFactory: (rows: ActRows, deployment: Deployment) => new ActLog(rows, deployment),
    },
    {
      provide: Credentials,
      inject: [Deployment, ApiToken, SessionTokens, TokenRows, SessionRows],
      useFactory: (
        deployment: Deployment,
        apiToken: ApiToken,
        nodes: SessionTokens,
        tokens: TokenRows,
        sessions: SessionRows,
      ) => {
        const isSecure = secureOf(deployment);
        const cookie = (): string => sessionCookie(isSecure());
        const { clock } = deployment;
        return new Credentials({ apiToken, nodes, tokens, sessions, cookie, clock });
      },
    },
    {
      provide: SignIn,
      inject: [Deployment, UserRows, SessionRows, ApiToken, Passwords, ActLog],
      useFactory: (
        deployment: Deployment,
        users: UserRows,
        sessions: SessionRows,
        apiToken: ApiToken,
        passwords: Passwords,
        log: ActLog,
      ) => {
        const { clock, entropy } = deployment;
        const isSecure = secureOf(deployment);
        return new SignIn({ users, sessions, apiToken, passwords, log, isSecure, clock, entropy });
      },
    },
    {
      provide: OidcSignIn,
      inject: [Deployment, UserRows],
      useFactory: (deployment: Deployment, users: UserRows) => {
        const { oidc, entropy, logger } = deployment;
        if (oidc === undefined) return undefined;
        const publicUrl = (): string => deployment.publicUrl;
        const provider = new OidcProvider(oidc, { publicUrl, logger });
        return new OidcSignIn({ provider, users, isSecure: secureOf(deployment), entropy });
      },
    },
    {
      provide: People,
      inject: [Deployment, UserRows, SessionRows, TokenRows, Passwords],
      useFactory: (
        { clock, entropy }: Deployment,
        users: UserRows,
        sessions: SessionRows,
        tokens: TokenRows,
        passwords: Passwords,
      ) => new People({ users, sessions, tokens, passwords, clock, entropy }),
    },
    {
      provide: RunAccess,
      inject: [RunRows, RunSight],
      useFactory: (rows: RunRows, sight: RunSight) => new RunAccess(rows, sight),
    },
    { provide: APP_GUARD, useClass: AccessGuard },
    { provide: APP_GUARD, useClass: RunGuard },
    { provide: APP_INTERCEPTOR, useClass: ActInterceptor },
  ],
  exports: [RunAccess, SessionTokens],
})
export class AuthModule {}
