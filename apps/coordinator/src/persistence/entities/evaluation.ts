import type { Hash, NodeId, RunId } from '@tallystick/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bytesColumn, u32Column, u64Column } from '../columns.js';

/** Metrics of a model on a site's own test rows, as reported by the site; no part of any header. */
@Entity('evaluations')
export class EvaluationEntity {
  @PrimaryColumn(u32Column('run_id'))
  runId!: RunId;

  @PrimaryColumn(u32Column('round'))
  round!: number;

  @PrimaryColumn(u32Column('node_id'))
  nodeId!: NodeId;

  @Column(bytesColumn('model'))
  model!: Hash;

  @Column(u64Column('num_examples'))
  numExamples!: bigint;

  /** Metric name → nano-units. */
  @Column({ name: 'metrics', type: 'jsonb' })
  metrics!: Record<string, number>;

  @Column({ name: 'reported_at', type: 'timestamptz' })
  reportedAt!: Date;
}
