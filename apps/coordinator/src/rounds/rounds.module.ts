import { Module } from '@nestjs/common';
import { NodeRows } from '../persistence/node-rows.js';
import { Evaluations } from './evaluations.js';
import { RoundDirectory } from './round-directory.js';

/** The run loops of this process, for whoever has something for them. */
@Module({
  providers: [
    RoundDirectory,
    {
      provide: Evaluations,
      inject: [NodeRows],
      useFactory: (rows: NodeRows) => new Evaluations(rows),
    },
  ],
  exports: [Evaluations, RoundDirectory],
})
export class RoundsModule {}
