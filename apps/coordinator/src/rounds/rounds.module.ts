import { Module } from '@nestjs/common';
import { NodeRows } from '../persistence/node-rows.js';
import { RoundRows } from '../persistence/round-rows.js';
import { Evaluations } from './evaluations.js';
import { OpenRounds } from './open-rounds.js';
import { RoundDirectory } from './round-directory.js';

/** The run loops of this process, for whoever has something for them. */
@Module({
  providers: [
    RoundDirectory,
    {
      provide: OpenRounds,
      inject: [RoundRows],
      useFactory: (rows: RoundRows) => new OpenRounds(rows),
    },
    {
      provide: Evaluations,
      inject: [NodeRows],
      useFactory: (rows: NodeRows) => new Evaluations(rows),
    },
  ],
  exports: [Evaluations, OpenRounds, RoundDirectory],
})
export class RoundsModule {}
