import type { NodeId, RunId } from '@tallystick/kernel';
import type { RunEvent } from '@tallystick/protocol';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { nullable, u32Column } from '../columns.js';

/** What a watcher is told; written in the transaction of what it tells. Numbers of a run are dense. */
@Entity('events')
export class EventEntity {
  @PrimaryColumn(u32Column('run_id'))
  runId!: RunId;

  @PrimaryColumn(u32Column('number'))
  number!: number;

  @Column({ name: 'type', type: 'text' })
  type!: RunEvent['type'];

  @Column(nullable(u32Column('round')))
  round!: number | null;

  @Column(nullable(u32Column('node_id')))
  nodeId!: NodeId | null;

  @Column({ name: 'detail', type: 'jsonb' })
  detail!: RunEvent['detail'];

  @Column({ name: 'at', type: 'timestamptz' })
  at!: Date;
}
