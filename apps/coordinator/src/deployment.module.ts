import { type DynamicModule, Module } from '@nestjs/common';
import { Metrics } from '@tallystick/telemetry';
import { Deployment } from './deployment.js';
import { Readiness } from './readiness.js';

/** Makes the composed parts of this process injectable everywhere. */
@Module({})
export class DeploymentModule {
  static of(deployment: Deployment): DynamicModule {
    return {
      module: DeploymentModule,
      global: true,
      providers: [
        { provide: Deployment, useValue: deployment },
        { provide: Metrics, useValue: deployment.metrics },
        Readiness,
      ],
      exports: [Deployment, Metrics, Readiness],
    };
  }
}
