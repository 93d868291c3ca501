import type { RunId } from '@tallystick/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { u32Column } from '../columns.js';

/** What a watcher is told; written in the transaction of what it tells. Numbers of a run are dense. */
@Entity('events')
export class EventEntity {
  @PrimaryColumn(u32Column('run_id'))
  runId!: RunId;

  @PrimaryColumn(u32Column('number'))
  number!: number;

  @Column({ name: 'type', type: 'text' })
  type!: string;

  @Column({ name: 'payload', type: 'jsonb' })
  payload!: object;

  @Column({ name: 'at', type: 'timestamptz' })
  at!: Date;
}
