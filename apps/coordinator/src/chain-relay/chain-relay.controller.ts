import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { RelayAnswers, RelayBatch } from '@tallystick/protocol';
import { Allow, ForNodes } from '../auth/access.js';
import { ChainRelay } from './chain-relay.js';

/** The chain through the coordinator (protocol.md §8). */
@Controller('api/v1/chain')
export class ChainRelayController {
  constructor(private readonly relay: ChainRelay) {}

  @Post()
  @Allow('evidence.read')
  @ForNodes()
  @HttpCode(200)
  @ApiResponse({ status: 200, standardSchema: RelayAnswers })
  answer(@Body({ schema: RelayBatch }) batch: RelayBatch): Promise<RelayAnswers> {
    return this.relay.answer(batch);
  }
}
