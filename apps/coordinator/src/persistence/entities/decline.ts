import type { NodeId, RunId } from '@tallystick/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bytesColumn, u32Column } from '../columns.js';

/** A node's signed refusal to take part in a round. */
@Entity('declines')
export class DeclineEntity {
  @PrimaryColumn(u32Column('run_id'))
  runId!: RunId;

  @PrimaryColumn(u32Column('round'))
  round!: number;

  @PrimaryColumn(u32Column('node_id'))
  nodeId!: NodeId;

  @Column({ name: 'reason', type: 'smallint' })
  reason!: number;

  /** DECLINE ‖ signature. */
  @Column(bytesColumn('wire'))
  wire!: string;
}
