import { Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { Deployment } from '../deployment.js';
import { ErrorFilter } from './error-filter.js';
import { HealthController } from './health.controller.js';
import { LeaderGuard } from './leader-guard.js';
import { schemaPipe } from './schema-pipe.js';

/** What every route shares: validation, the one error translator, health. */
@Module({
  controllers: [HealthController],
  providers: [
    { provide: APP_PIPE, useFactory: schemaPipe },
    { provide: APP_GUARD, useClass: LeaderGuard },
    {
      provide: APP_FILTER,
      inject: [Deployment],
      useFactory: ({ logger }: Deployment) => new ErrorFilter(logger),
    },
  ],
})
export class HttpModule {}
