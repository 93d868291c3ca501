import type { Hash, RunId } from '@tallystick/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bytesColumn, nullable, u32Column } from '../columns.js';

/** A round from its opening on. Records are kept as their exact SCALE bytes; signatures are made again from them. */
@Entity('rounds')
export class RoundEntity {
  @PrimaryColumn(u32Column('run_id'))
  runId!: RunId;

  @PrimaryColumn(u32Column('round'))
  round!: number;

  /** TASK as hex of SCALE. */
  @Column(bytesColumn('task'))
  task!: string;

  /** MEMBER*, concatenated, ascending by node. */
  @Column(bytesColumn('cohort'))
  cohort!: string;

  /** Public keys of the cohort, 32 bytes each, in the same order. */
  @Column(bytesColumn('cohort_keys'))
  cohortKeys!: string;

  /** Policies of the cohort's consents, 32 bytes each, in the same order; NULL when nobody has one. */
  @Column(nullable(bytesColumn('cohort_policies')))
  cohortPolicies!: string | null;

  @Column({ name: 'opened_at', type: 'timestamptz' })
  openedAt!: Date;

  /** HEADER as hex of SCALE; NULL while the round is open. */
  @Column(nullable(bytesColumn('header')))
  header!: string | null;

  @Column(nullable(bytesColumn('header_hash')))
  headerHash!: Hash | null;

  /** header.modelAfter, to tell models from other blobs. */
  @Column(nullable(bytesColumn('model_after')))
  modelAfter!: Hash | null;

  /** EXCLUDE*, concatenated, ascending by node. */
  @Column(nullable(bytesColumn('exclusions')))
  exclusions!: string | null;

  /** Canonical JSON behind header.metrics. */
  @Column({ name: 'metrics', type: 'text', nullable: true })
  metrics!: string | null;

  @Column({ name: 'empty_reason', type: 'text', nullable: true })
  emptyReason!: string | null;

  /** The chain says that it does not count. */
  @Column({ name: 'is_void', type: 'boolean', default: false })
  isVoid!: boolean;

  @Column({ name: 'closed_at', type: 'timestamptz', nullable: true })
  closedAt!: Date | null;
}
