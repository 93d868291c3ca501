import { Module } from '@nestjs/common';
import { JsonRpc } from '@tallystick/chain';
import { Deployment } from '../deployment.js';
import { ChainRelayController } from './chain-relay.controller.js';
import { ChainRelay } from './chain-relay.js';

/** Reads with proof, headers and signed transactions, for whoever reaches only the coordinator. */
@Module({
  controllers: [ChainRelayController],
  providers: [
    {
      provide: ChainRelay,
      inject: [Deployment],
      useFactory: ({ chainUrl }: Deployment) => new ChainRelay(new JsonRpc(chainUrl)),
    },
  ],
})
export class ChainRelayModule {}
