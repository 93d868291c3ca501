import type { RunId } from '@tallystick/kernel';
import { Entity, PrimaryColumn, Column } from 'typeorm';
import { u32Column } from '../columns.js';

/** Round numbers of a run that do not count: `from` and all up to, but not including, `until`. The chain's word. */
@Entity('voids')
export class VoidEntity {
  @PrimaryColumn(u32Column('run_id'))
  runId!: RunId;

  @PrimaryColumn(u32Column('from_round'))
  from!: number;

  @Column(u32Column('until_round'))
  until!: number;
}
