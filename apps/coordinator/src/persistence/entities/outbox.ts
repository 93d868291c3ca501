import type { Hash, RunId } from '@tallystick/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bytesColumn, nullable, u32Column } from '../columns.js';

/** Where a closed round or an epoch stands on its way to the chain; it only moves forward, but for a re-signing. */
export type CommitStatus = 'pending' | 'submitted' | 'final';

/** A round can be voided wherever it stands. */
export type OutboxStatus = CommitStatus | 'void';

/** A header to commit. Written by the transaction that closes the round; the publisher does the rest. */
@Entity('outbox')
export class OutboxEntity {
  @PrimaryColumn(u32Column('run_id'))
  runId!: RunId;

  @PrimaryColumn(u32Column('round'))
  round!: number;

  @Column(bytesColumn('header'))
  header!: string;

  @Column({ name: 'status', type: 'text' })
  status!: OutboxStatus;

  @Column({ name: 'queued_at', type: 'timestamptz' })
  queuedAt!: Date;

  @Column(nullable(u32Column('nonce')))
  nonce!: number | null;

  /** Last block that may include the signed extrinsic. */
  @Column(nullable(u32Column('last_block')))
  lastBlock!: number | null;

  /** The signed bytes: durable before they are sent for the first time. */
  @Column(nullable(bytesColumn('extrinsic')))
  extrinsic!: string | null;

  @Column(nullable(bytesColumn('extrinsic_hash')))
  extrinsicHash!: Hash | null;

  @Column({ name: 'attempts', type: 'integer' })
  attempts!: number;

  @Column(nullable(u32Column('block')))
  block!: number | null;

  @Column(nullable(bytesColumn('block_hash')))
  blockHash!: Hash | null;

  @Column({ name: 'final_at', type: 'timestamptz', nullable: true })
  finalAt!: Date | null;
}
