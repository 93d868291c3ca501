import { Module } from '@nestjs/common';
import { Deployment } from '../deployment.js';
import { Downloads } from './downloads.js';
import { ModelsController } from './models.controller.js';

/** Downloads by hash. */
@Module({
  controllers: [ModelsController],
  providers: [
    {
      provide: Downloads,
      inject: [Deployment],
      useFactory: ({ blobs }: Deployment) => new Downloads(blobs),
    },
  ],
})
export class ModelsModule {}
