import type { NodeId, RunId, Signature } from '@tallystick/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bytesColumn, u32Column, u64Column } from '../columns.js';

/** An accepted update; the key makes a second one of the same node impossible. */
@Entity('contributions')
export class ContributionEntity {
  @PrimaryColumn(u32Column('run_id'))
  runId!: RunId;

  @PrimaryColumn(u32Column('round'))
  round!: number;

  @PrimaryColumn(u32Column('node_id'))
  nodeId!: NodeId;

  /** RECEIPT as hex of SCALE. */
  @Column(bytesColumn('receipt'))
  receipt!: string;

  @Column(bytesColumn('receipt_signature'))
  receiptSignature!: Signature;

  @Column(u64Column('weight'))
  weight!: bigint;

  /** PROMISE as hex of SCALE. */
  @Column(bytesColumn('promise'))
  promise!: string;

  @Column({ name: 'accepted_at', type: 'timestamptz' })
  acceptedAt!: Date;
}
